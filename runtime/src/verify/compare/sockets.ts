/** What a component's sockets may be: it listens on its declared channels, and speaks to a network only where it has one. */
import { providesDirectory, type System } from "@bulkhead/protocol";
import { boardsNetwork } from "../../sandbox/spec.ts";
import type { SocketFact } from "../facts.ts";
import type { Asked, Found } from "../question.ts";

/** WireGuard's control socket, in the network server's own tmpfs. */
const wireguardSockets = /^\/var\/run\/wireguard\/[a-z0-9]+\.sock$/;

/**
 * `sockets`: all of its network namespace; `held`: the `socket:[inode]` that it holds itself. In a namespace of its own
 * every socket is its; in the uplink only what it holds.
 */
export function compareSockets(
  asked: Asked,
  system: System,
  sockets: readonly SocketFact[],
  held: ReadonlySet<string>,
): Found[] {
  const paths = system.channels
    .filter(({ provider }) => asked.members.includes(provider))
    .map(({ client, name }) => `${providesDirectory}/${client}.${name}/socket`);
  const isServer = asked.capabilities.includes("net_admin");
  const isInUplink = asked.networkNamespace === boardsNetwork;
  const own = isInUplink ? sockets.filter(({ inode }) => held.has(`socket:[${inode}]`)) : sockets;
  return own.flatMap((socket) => {
    const allowed = isServer
      ? allowedOfServer(socket, paths)
      : allowedOf(socket, paths, asked.networkNamespace !== null) || (isInUplink && isQuestion(socket));
    if (allowed) return [];
    const found = `${socket.table}${socket.listening ? ", listening on" : ""} ${socket.local}`.trim();
    return [{ what: "sockets", expected: "only those of its channels and of its network", found }];
  });
}

/** The resolver's: where it may go is for the rules of the uplink. */
const isQuestion = ({ table }: SocketFact): boolean => /^udp6?$/.test(table);

function allowedOf({ table, listening, local }: SocketFact, paths: readonly string[], hasNetwork: boolean): boolean {
  if (table === "unix") return !listening || paths.includes(local);
  return hasNetwork && /^tcp6?$/.test(table) && !listening;
}

function allowedOfServer(socket: SocketFact, paths: readonly string[]): boolean {
  const { table, local } = socket;
  if (table === "netlink" || /^udp6?$/.test(table)) return true;
  return (table === "unix" && wireguardSockets.test(local)) || allowedOf(socket, paths, false);
}
