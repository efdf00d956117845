/**
 * The gateway's nftables rule set as text. Stateless: every rule says all that it needs, and no table of connections
 * can be filled from outside.
 */
import type { GatewayConfig } from "./config.ts";
import { parseTunnelAddress } from "./config.ts";

/**
 * In: WireGuard from the uplink, and from the tunnel the relays' ports. Out: WireGuard, and to the tunnel answers only,
 * so that nothing in this namespace can open a connection to a device. Nothing is forwarded. Neighbour discovery is
 * for uplinks that are IPv6 (RFC 4861, section 7.1: hop limit 255 proves the link).
 */
export function gatewayRules(config: GatewayConfig): string {
  const tunnel = config.interface;
  const address = parseTunnelAddress(config.address)?.address ?? "::1";
  const ports = config.relays.map((relay) => relay.port).join(", ");
  const discovery = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert }";
  const relayed = (rule: string): string[] => (ports === "" ? [] : [rule]);
  return [
    "table inet bulkhead_gateway",
    "delete table inet bulkhead_gateway",
    "table inet bulkhead_gateway {",
    ...chain("input", [
      `iifname != "${tunnel}" udp dport ${config.listenPort} accept`,
      `iifname != "${tunnel}" ${discovery} ip6 hoplimit 255 accept`,
      ...relayed(`iifname "${tunnel}" ip6 saddr ${config.address} ip6 daddr ${address} tcp dport { ${ports} } accept`),
    ]),
    ...chain("forward", []),
    ...chain("output", [
      `oifname != "${tunnel}" udp sport ${config.listenPort} accept`,
      `oifname != "${tunnel}" ${discovery} ip6 hoplimit 255 accept`,
      ...relayed(
        `oifname "${tunnel}" ip6 saddr ${address} tcp sport { ${ports} } tcp flags & (syn | ack) != syn accept`,
      ),
    ]),
    "}",
    "",
  ].join("\n");
}

function chain(hook: "input" | "forward" | "output", rules: readonly string[]): string[] {
  const lines = [`type filter hook ${hook} priority filter; policy drop;`, ...rules];
  return [`  chain ${hook} {`, ...lines.map((line) => `    ${line}`), "  }"];
}
