/**
 * The network plan of a generation: which namespaces it has and what `ip`, `nft` and `sysctl` are told in each. Pure;
 * apply.ts carries it out.
 *
 *   uplink ── UDP socket of the tunnel      router ── wg0, one veth per networked component      c-<name> ── eth0
 */
import type { Component, Provisioning, System } from "@bulkhead/protocol";
import { firstUplink, routerRules, tunnelInterface, type UplinkPlan, uplinkRules } from "./firewall.ts";
import { type Link, planLinks, routerAddress } from "./links.ts";

/** `uplink` is the namespace that the root server itself was started in. */
export type NetworkNamespace = "uplink" | "router" | `c-${string}`;

export type NetworkStep = {
  readonly namespace: NetworkNamespace;
  readonly program: "ip" | "nft" | "sysctl";
  /** A batch for `ip`, a rule set for `nft`, lines of `key=value` for `sysctl`. */
  readonly input: string;
  /** Removes what may not be there. */
  readonly mayFail?: true;
};

export type NetworkPlan = {
  /** To be made before the steps: the router's and one per networked component. */
  readonly namespaces: readonly string[];
  /** Once per generation, before any component. */
  readonly board: readonly NetworkStep[];
  /** Each time the network component has become ready: its new tunnel interface lies in the uplink then. */
  readonly tunnel: readonly NetworkStep[];
};

/**
 * 1280 is the smallest link that IPv6 allows (RFC 8200, section 5). With the 80 bytes of WireGuard it fits every uplink
 * of 1360 and more, so nothing depends on ICMP messages that factory firewalls like to drop.
 */
export const tunnelMtuBytes = 1280;

/**
 * WireGuard's own packets may be cut up on the way. Otherwise a link of less than 1360 bytes would swallow them: what a
 * router says about it is for nobody, because nothing but the gateway is let in (weather.spec.ts shows it).
 */
const uplinkSettings = "net.ipv4.ip_no_pmtu_disc=1\n";

// Fixed link addresses on both ends of every veth: the neighbours are written down, and nothing has to be asked for.
const routerLinkAddress = "02:00:00:00:00:01";
const componentLinkAddress = "02:00:00:00:00:02";
export const routerOnLink = "fe80::1";

/** The name of a component's network namespace; 34 characters at most, and a file name. */
export function componentNamespace(component: string): `c-${string}` {
  return `c-${component}`;
}

/** True for a component that has something in its network namespace: a link to the router, or interfaces of the board. */
export function hasOwnNetwork({ network, interfaces = {} }: Pick<Component, "network" | "interfaces">): boolean {
  return network.length > 0 || Object.keys(interfaces).length > 0;
}

/** The namespaces of components. */
export function ownNetworks({ components }: System): string[] {
  const owners = Object.entries(components).filter(([, component]) => hasOwnNetwork(component));
  return owners.map(([name]) => componentNamespace(name)).sort();
}

/**
 * Plans the network of `system` on the device of `provisioning`. The rules come before the links and forwarding comes
 * last: whatever fails on the way leaves a board that forwards nothing. Throws NETWORK_SETUP_FAILED for a permission
 * that the device's provisioning cannot fill.
 */
export function planNetwork(
  system: System,
  provisioning: Provisioning,
  uplink: UplinkPlan = firstUplink(provisioning),
): NetworkPlan {
  const links = planLinks(system, provisioning);
  return {
    namespaces: ["router", ...ownNetworks(system)],
    board: [
      uplinkStep(uplink),
      { namespace: "uplink", program: "sysctl", input: uplinkSettings },
      { namespace: "router", program: "nft", input: routerRules(links, provisioning) },
      { namespace: "router", program: "ip", input: batch(["link set lo up", ...links.flatMap(routerEnd)]) },
      ...links.map((link): NetworkStep => {
        return { namespace: componentNamespace(link.component), program: "ip", input: batch(componentEnd(link)) };
      }),
      { namespace: "router", program: "sysctl", input: "net.ipv6.conf.all.forwarding=1\n" },
    ],
    tunnel: tunnelSteps(provisioning),
  };
}

/** Replaces the uplink's rules as a whole. */
export function uplinkStep(uplink: UplinkPlan): NetworkStep {
  return { namespace: "uplink", program: "nft", input: uplinkRules(uplink) };
}

export function routerEnd(link: Link): string[] {
  const { routerInterface: name, address } = link;
  const peer = `name eth0 address ${componentLinkAddress} mtu ${tunnelMtuBytes}`;
  return [
    `link add ${name} address ${routerLinkAddress} mtu ${tunnelMtuBytes} type veth peer ${peer} netns ${componentNamespace(link.component)}`,
    `link set ${name} addrgenmode none`,
    `address add ${routerOnLink}/64 dev ${name} nodad`,
    `link set ${name} up`,
    `neighbour add ${address} lladdr ${componentLinkAddress} dev ${name} nud permanent`,
    `route add ${address}/128 dev ${name}`,
  ];
}

export function componentEnd(link: Link): string[] {
  return [
    "link set lo up",
    "link set eth0 addrgenmode none",
    `address add ${link.address}/128 dev eth0 nodad`,
    "link set eth0 up",
    `neighbour add ${routerOnLink} lladdr ${routerLinkAddress} dev eth0 nud permanent`,
    `route add default via ${routerOnLink} dev eth0`,
  ];
}

function tunnelSteps(provisioning: Provisioning): NetworkStep[] {
  const name = tunnelInterface;
  return [
    // An interface of the kernel's own WireGuard outlives the component that made it.
    { namespace: "router", program: "ip", input: batch([`link delete ${name}`]), mayFail: true },
    { namespace: "uplink", program: "ip", input: batch([`link set ${name} netns router`]) },
    {
      namespace: "router",
      program: "ip",
      input: batch([
        `link set ${name} addrgenmode none`,
        `link set ${name} mtu ${tunnelMtuBytes}`,
        `address add ${routerAddress(provisioning)}/128 dev ${name} nodad`,
        `link set ${name} up`,
        `route add ${provisioning.kms.address}/128 dev ${name}`,
      ]),
    },
  ];
}

export function batch(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}
