/**
 * The device's two nftables rule sets as text. Each replaces its table in one transaction, so a rule set is there
 * whole or not at all; every chain drops what no rule names.
 */
import { isIPv6 } from "node:net";
import type { Provisioning } from "@bulkhead/protocol";
import type { Link } from "./links.ts";

export const tunnelInterface = "wg0";

/**
 * The uplink: WireGuard packets between this board and the gateway's endpoint; DHCP, without which a lease ends (RFC 2131,
 * section 4.1: ports 67 and 68, which only who may bind them can use); and where the gateway is IPv6, the neighbour
 * discovery without which that reaches nobody (RFC 4861; hop limit 255 proves that a packet comes from the link, section
 * 7.1) and what a router says of a link that is too narrow (RFC 4890, section 4.3.1: must not be dropped).
 * Nothing is forwarded, whatever ip_forward says: a new network namespace inherits it from the host.
 */
export function uplinkRules({ kms }: Provisioning): string {
  const { host, port } = kms.endpoint;
  const family = isIPv6(host) ? "ip6" : "ip";
  const discovery = (types: string): string[] =>
    family === "ip6" ? [`icmpv6 type { ${types} } ip6 hoplimit 255 accept`] : [];
  return table([
    chain("input", "filter", [
      'iifname "lo" accept',
      `${family} saddr ${host} udp sport ${port} accept`,
      "ip version 4 udp sport 67 udp dport 68 accept",
      ...discovery("nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert"),
      ...(family === "ip6" ? ["icmpv6 type packet-too-big accept"] : []),
    ]),
    chain("forward", "filter", []),
    chain("output", "filter", [
      'oifname "lo" accept',
      `${family} daddr ${host} udp dport ${port} accept`,
      "ip version 4 udp sport 68 udp dport 67 accept",
      ...discovery("nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit"),
    ]),
  ]);
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
