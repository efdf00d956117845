/**
 * The device's two nftables rule sets as text. Each replaces its table in one transaction, so a rule set is there
 * whole or not at all; every chain drops what no rule names.
 */
import { isIP, isIPv6 } from "node:net";
import type { Provisioning } from "@bulkhead/protocol";
import type { Link } from "./links.ts";

export const tunnelInterface = "wg0";

/** What the uplink lets through beside DHCP. */
export type UplinkPlan = {
  /** Null while a gateway that is known by name has no address. */
  readonly gateway: { readonly address: string; readonly port: number } | null;
  /** Null where the gateway's address is given: nobody asks for a name then. */
  readonly names: NamePlan | null;
  /** Absent where the board has no time servers. */
  readonly time?: TimePlan;
};
export type TimePlan = {
  readonly servers: readonly string[];
  /** Who may ask them; null as above. */
  readonly uid: number | null;
};
type NamePlan = {
  readonly resolvers: readonly string[];
  /** Who may ask them; null where there is one uid only, and nobody else in the uplink's namespace. */
  readonly uid: number | null;
};

/** Before anything is known of a gateway's name. Pure. */
export function firstUplink({ kms: { endpoint } }: Pick<Provisioning, "kms">, time?: TimePlan): UplinkPlan {
  const asked = time && time.servers.length > 0 ? { time } : {};
  if (isIP(endpoint.host) === 0) return { gateway: null, names: { resolvers: [], uid: null }, ...asked };
  return { gateway: { address: endpoint.host, port: endpoint.port }, names: null, ...asked };
}

/**
 * The uplink: WireGuard packets between this board and the gateway's endpoint; questions of the resolver to the board's
 * resolvers, and their answers, by connection tracking: nobody there reaches anything else of the board. What is asked no rule can
 * see, so it rests on who may ask; in the same way the declared time servers. DHCP, without which a lease ends (RFC 2131, section 4.1: ports 67 and 68, which only who may bind
 * them can use); and where IPv6 is needed, the neighbour discovery without which that reaches nobody (RFC 4861; hop limit
 * 255 proves that a packet comes from the link, section 7.1) and what a router says of a link that is too narrow (RFC 4890, section
 * 4.3.1: must not be dropped). Nothing is forwarded, whatever ip_forward says: a new network namespace inherits it from the host.
 */
export function uplinkRules(plan: UplinkPlan): string {
  const hasV6 = needsV6(plan);
  const discovery = (types: string): string[] => (hasV6 ? [`icmpv6 type { ${types} } ip6 hoplimit 255 accept`] : []);
  return table([
    chain("input", "filter", [
      'iifname "lo" accept',
      ...gatewayRules(plan, "s"),
      ...answerRules(plan),
      ...timeRules(plan, "in"),
      "ip version 4 udp sport 67 udp dport 68 accept",
      ...discovery("nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert"),
      ...(hasV6 ? ["icmpv6 type packet-too-big accept"] : []),
    ]),
    chain("forward", "filter", []),
    chain("output", "filter", [
      'oifname "lo" accept',
      ...gatewayRules(plan, "d"),
      ...questionRules(plan),
      ...timeRules(plan, "out"),
      "ip version 4 udp sport 68 udp dport 67 accept",
      ...discovery("nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit"),
    ]),
  ]);
}

/** Also while it is not known who the resolvers are: a network may tell of them by router advertisements alone. */
function needsV6({ gateway, names, time }: UplinkPlan): boolean {
  if (names !== null && names.resolvers.length === 0) return true;
  return [gateway?.address, ...(names?.resolvers ?? []), ...(time?.servers ?? [])].some(
    (address) => address !== undefined && isIPv6(address),
  );
}

const familyOf = (address: string): string => (isIPv6(address) ? "ip6" : "ip");

function gatewayRules({ gateway }: UplinkPlan, end: "s" | "d"): string[] {
  if (gateway === null) return [];
  const { address, port } = gateway;
  return [`${familyOf(address)} ${end}addr ${address} udp ${end}port ${port} accept`];
}

function questionRules({ names }: UplinkPlan): string[] {
  if (names === null) return [];
  const who = names.uid === null ? "" : `meta skuid ${names.uid} `;
  return names.resolvers.map(
    (address) => `${who}${familyOf(address)} daddr ${address} meta l4proto { tcp, udp } th dport 53 accept`,
  );
}

function answerRules({ names }: UplinkPlan): string[] {
  return (names?.resolvers ?? []).map((address) => {
    return `${familyOf(address)} saddr ${address} meta l4proto { tcp, udp } th sport 53 ct state established accept`;
  });
}

function timeRules({ time }: UplinkPlan, way: "in" | "out"): string[] {
  if (!time) return [];
  const who = time.uid === null ? "" : `meta skuid ${time.uid} `;
  return time.servers.map((address) => {
    if (way === "out") return `${who}${familyOf(address)} daddr ${address} udp dport 123 accept`;
    return `${familyOf(address)} saddr ${address} udp sport 123 ct state established accept`;
  });
}

/**
 * The router: one rule per permission. A component's packets need that rule each time (no "established" for them);
 * only answers from the tunnel are matched by connection. A source that is not the link's own is dropped before
 * connection tracking sees it, or a component could write into another's connection.
 */
export function routerRules(links: readonly Link[], { kms }: Provisioning): string {
  const sources = [
    `"${tunnelInterface}" . ${kms.address}`,
    ...links.map((link) => `"${link.routerInterface}" . ${link.address}`),
  ];
  return table([
    chain("prerouting", "raw", [`iifname . ip6 saddr { ${sources.join(", ")} } accept`]),
    chain("forward", "filter", [
      `iifname "${tunnelInterface}" ct state established accept`,
      ...links.flatMap((link) => link.ports.map((port) => permission(link, kms.address, port))),
    ]),
    chain("input", "filter", []),
    // So that a connect fails at once while there is no tunnel, instead of after minutes.
    chain("output", "filter", ['oifname "v*" icmpv6 type { destination-unreachable, packet-too-big } accept']),
  ]);
}

function permission(link: Link, kmsAddress: string, port: number): string {
  return [
    `iifname "${link.routerInterface}" oifname "${tunnelInterface}"`,
    `ip6 saddr ${link.address} ip6 daddr ${kmsAddress} tcp dport ${port}`,
    `counter accept comment "${link.component}"`,
  ].join(" ");
}

function chain(
  hook: "prerouting" | "input" | "forward" | "output",
  priority: "raw" | "filter",
  rules: string[],
): string {
  const lines = [`type filter hook ${hook} priority ${priority}; policy drop;`, ...rules];
  return [`  chain ${hook} {`, ...lines.map((line) => `    ${line}`), "  }"].join("\n");
}

// "table" creates it where it is missing, so that "delete" cannot fail: the usual way to replace one atomically.
function table(chains: readonly string[]): string {
  return ["table inet bulkhead", "delete table inet bulkhead", "table inet bulkhead {", ...chains, "}", ""].join("\n");
}
