/** Reads sockets, interfaces, addresses and routes of a network namespace from its /proc/net. */
import { readFile } from "node:fs/promises";
import type { NetworkFacts, SocketFact } from "../facts.ts";

const inetTables = ["tcp", "tcp6", "udp", "udp6", "udplite", "udplite6", "raw", "raw6", "icmp", "icmp6"] as const;
/** Files that `parseNetwork` needs. */
export const networkFiles = ["dev", "if_inet6", "route", "ipv6_route", "fib_trie"] as const;
export type NetworkTexts = Readonly<Record<(typeof networkFiles)[number], string>>;

/** `directory`: /proc/<pid>/net of a process in the namespace. What this kernel does not have is empty. */
export async function readSockets(directory: string): Promise<SocketFact[]> {
  const read = (name: string) => readFile(`${directory}/${name}`, "utf8").catch(() => "");
  const inet = await Promise.all(inetTables.map(async (table) => parseInet(table, await read(table))));
  const [unix, packet, netlink] = await Promise.all(["unix", "packet", "netlink"].map(read));
  return [...inet.flat(), ...parseUnix(unix ?? ""), ...parsePacket(packet ?? ""), ...parseNetlink(netlink ?? "")];
}

const rows = (text: string) =>
  text
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length > 1);

/** TCP_LISTEN of net/tcp_states.h, as /proc/net/tcp has it. */
const tcpListen = "0A";

/** Parses /proc/net/{tcp,udp,raw,…}: local address, state and inode are fields 2, 4 and 10 (proc(5)). */
export function parseInet(table: string, text: string): SocketFact[] {
  return rows(text).map((fields) => ({
    table,
    inode: fields[9] ?? "",
    listening: table.startsWith("tcp") && fields[3] === tcpListen,
    local: fields[1] ?? "",
  }));
}

/** __SO_ACCEPTCON of linux/net.h: the socket listens. */
const acceptsConnections = 0x10000;

/** Parses /proc/net/unix. An abstract name begins with @. */
export function parseUnix(text: string): SocketFact[] {
  return rows(text).map((fields) => ({
    table: "unix",
    inode: fields[6] ?? "",
    listening: (Number.parseInt(fields[3] ?? "0", 16) & acceptsConnections) !== 0,
    local: fields.slice(7).join(" "),
  }));
}

function parsePacket(text: string): SocketFact[] {
  return rows(text).map((fields) => ({ table: "packet", inode: fields[8] ?? "", listening: false, local: "" }));
}

/** Those of the kernel itself are in nobody's descriptors, and have port id 0. */
export function parseNetlink(text: string): SocketFact[] {
  return rows(text)
    .filter((fields) => fields[2] !== "0")
    .map((fields) => ({ table: "netlink", inode: fields[9] ?? "", listening: false, local: fields[2] ?? "" }));
}

export async function readNetwork(directory: string): Promise<NetworkFacts> {
  const texts = networkFiles.map(async (name) => {
    return [name, await readFile(`${directory}/${name}`, "utf8").catch(() => "")] as const;
  });
  return parseNetwork(Object.fromEntries(await Promise.all(texts)) as NetworkTexts);
}

export function parseNetwork(texts: NetworkTexts): NetworkFacts {
  return {
    interfaces: [...texts.dev.matchAll(/^\s*([^\s:|]+):/gm)].map(([, name = ""]) => name),
    addresses: [...parseAddresses(texts.if_inet6), ...localAddresses4(texts.fib_trie)],
    routes: [...parseRoutes6(texts.ipv6_route), ...parseRoutes4(texts.route)],
  };
}

/** /proc/net/if_inet6: address, index, prefix length, scope, flags, interface; all hexadecimal. */
function parseAddresses(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    const [address, , length, , , name] = line.trim().split(/\s+/);
    return name === undefined ? [] : [`${toAddress(address ?? "")}/${Number.parseInt(length ?? "", 16)} ${name}`];
  });
}

/** /proc/net/fib_trie has a line `/32 host LOCAL` below each of our own IPv4 addresses. */
function localAddresses4(text: string): string[] {
  const found = [...text.matchAll(/\|-- ([0-9.]+)\n\s+\/32 host LOCAL/g)].map(([, address = ""]) => address);
  return [...new Set(found)].map((address) => `${address}/32 ${address.startsWith("127.") ? "lo" : "?"}`);
}

/** RTF_LOCAL and RTF_ANYCAST (linux/ipv6_route.h): made by the kernel for each address. RTF_REJECT: the table's end. */
const RTF_REJECT = 0x0200;
const madeByAddress = 0x80000000 + 0x00100000;

/** /proc/net/ipv6_route: destination, its length, source, its length, next hop, metric, …, flags, interface. */
function parseRoutes6(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    const [destination = "", length = "", , , via = "", , , , flagText = "", name] = line.trim().split(/\s+/);
    const flags = Number.parseInt(flagText, 16);
    if (name === undefined || (flags & RTF_REJECT) !== 0 || (flags & madeByAddress) !== 0) return [];
    // Multicast, on every interface that is up.
    if (destination.startsWith("ff00")) return [];
    const gateway = /^0+$/.test(via) ? "" : ` via ${toAddress(via)}`;
    return [`${toAddress(destination)}/${Number.parseInt(length, 16)}${gateway} dev ${name}`];
  });
}

/** /proc/net/route: interface, destination and gateway in the byte order of the machine. */
function parseRoutes4(text: string): string[] {
  return rows(text).map(([name, destination = "", gateway = ""]) => `IPv4 ${destination} via ${gateway} dev ${name}`);
}

/** 32 hexadecimal digits as RFC 5952 writes them. */
export function toAddress(digits: string): string {
  const groups = digits.match(/.{4}/g) ?? [];
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
