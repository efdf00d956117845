/**
 * Which component gets which link: the one place where permissions of the system and addresses of the provisioning
 * meet. Everything else of the plan is written from this list.
 */
import { isIPv6 } from "node:net";
import {
  BulkheadError,
  type Component,
  commandChannelPort,
  type Provisioning,
  partAddress,
  type System,
} from "@bulkhead/protocol";

export type Link = {
  readonly component: string;
  /** Of the router's end. By index, because 15 characters (IFNAMSIZ) are fewer than a component's name may have. */
  readonly routerInterface: string;
  readonly address: string;
  /** TCP ports on the KMS's address that this component may connect to, ascending. */
  readonly ports: readonly number[];
};

const routerPart = 1;

/** The router's own address in the tunnel. Throws NETWORK_SETUP_FAILED where the prefix is none. */
export function routerAddress(provisioning: Provisioning): string {
  return addressOf(provisioning, routerPart);
}

/**
 * One link per component with a `network` permission, in the order of their names, so that an address depends on
 * nothing but the set of them. Throws NETWORK_SETUP_FAILED for a proxy that this device was not told of.
 */
export function planLinks(system: System, provisioning: Provisioning): Link[] {
  return Object.entries(system.components)
    .filter(([, component]) => component.network.length > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, component], index) => {
      const part = routerPart + 1 + index;
      return {
        component: name,
        routerInterface: `v${part}`,
        address: addressOf(provisioning, part),
        ports: portsOf(name, component, provisioning),
      };
    });
}

/** The link of one component; undefined where it has none. Throws NETWORK_SETUP_FAILED as above. */
export function linkOf(system: System, provisioning: Provisioning, name: string): Link | undefined {
  return planLinks(system, provisioning).find(({ component }) => component === name);
}

function portsOf(name: string, component: Component, provisioning: Provisioning): number[] {
  const ports = component.network.map((permission) => {
    if (permission === "kms") return commandPort(name, component);
    return proxyPort(name, permission, provisioning);
  });
  return [...new Set(ports)].sort((a, b) => a - b);
}

// The compiler refuses this too; a device does not rely on what compiled its system.
function commandPort(name: string, component: Component): number {
  if (component.role === "agent") return commandChannelPort;
  throw new BulkheadError("NETWORK_SETUP_FAILED", `component ${name} asks for the command channel of the agent`, {
    remedy: "Only the agent may have the network permission kms; name a proxy instead.",
  });
}

function proxyPort(name: string, proxy: string, { kms }: Provisioning): number {
  const port = Object.hasOwn(kms.proxies, proxy) ? kms.proxies[proxy] : undefined;
  if (port !== undefined) return port;
  const known = Object.keys(kms.proxies).sort().join(", ") || "none";
  throw new BulkheadError(
    "NETWORK_SETUP_FAILED",
    `component ${name} asks for the proxy ${proxy}, known are: ${known}`,
    {
      remedy: "Set the proxy up at the KMS and enrol the device again, or take the permission out of the manifest.",
    },
  );
}

/** The two spellings of a /112 that partAddress understands: all that follows is zero and left out, or written out. */
const devicePrefix = /^(?:([0-9a-f]{1,4}:){1,7}:|([0-9a-f]{1,4}:){7}0)$/i;

function addressOf({ addressPrefix }: Provisioning, part: number): string {
  const address = partAddress(addressPrefix, part);
  if (devicePrefix.test(addressPrefix) && isIPv6(address)) return address;
  throw new BulkheadError("NETWORK_SETUP_FAILED", `part ${part} of the prefix ${addressPrefix} is no address`, {
    remedy: "A device's prefix is a /112 that ends in :: (see provisioning.json).",
  });
}
