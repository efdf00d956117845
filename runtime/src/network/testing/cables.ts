/**
 * For tests: what leaves a board, noted by the kernel at the other end of its cable (the ingress hook sees every frame, also
 * those of packet sockets, which no firewall of the board sees). Each kind of frame becomes an element of a set.
 */
import type { World } from "./world.ts";

/** An nft rule set that watches the boards that hang on the wire as `names` (see world.ts). */
export function watchCables(names: readonly string[]): string {
  const devices = names.map((name) => `"p-${name}"`).join(", ");
  return `table netdev cables {
    set sent_ports { type ipv4_addr . inet_proto . inet_service; flags dynamic; size 4096; }
    set others4 { type ipv4_addr . inet_proto; flags dynamic; size 4096; }
    set others6 { type ipv6_addr . inet_proto; flags dynamic; size 4096; }
    set sent_types { type ether_type; flags dynamic; size 256; }
    chain in {
      type filter hook ingress devices = { ${devices} } priority 0; policy accept;
      add @sent_types { ether type }
      ip protocol { tcp, udp } add @sent_ports { ip daddr . ip protocol . th dport }
      ip protocol != { tcp, udp } add @others4 { ip daddr . ip protocol }
      add @others6 { ip6 daddr . ip6 nexthdr }
    }
  }`;
}

/** The kinds of frames that were seen since: `sent_ports 10.77.0.1 . 17 . 51820`. */
export async function readCables(world: World): Promise<string[]> {
  const { stdout, stderr, failed } = await world.run(null, ["nft", "-nn", "-j", "list", "table", "netdev", "cables"]);
  if (failed) throw new Error(`the cables cannot be read: ${stderr}`);
  type Listed = { nftables: { set?: { name: string; elem?: (Element | { elem: { val: Element } })[] } }[] };
  const { nftables } = JSON.parse(stdout) as Listed;
  return nftables.flatMap(({ set }) => (set?.elem ?? []).map((entry) => `${set?.name} ${textOf(entry)}`)).sort();
}

type Element = string | number | { concat: (string | number)[] };

function textOf(entry: Element | { elem: { val: Element } }): string {
  // An EtherType, which nft prints as this machine reads it: 0x0800 is IPv4, 0x0806 ARP, 0x86dd IPv6.
  if (typeof entry === "number") return `0x${(((entry & 255) << 8) | (entry >> 8)).toString(16).padStart(4, "0")}`;
  if (typeof entry === "string") return entry;
  return "elem" in entry ? textOf(entry.elem.val) : entry.concat.join(" . ");
}
