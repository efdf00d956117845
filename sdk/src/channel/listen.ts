/** The socket of a channel's providing end. */
import { chmod, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";

/** A client needs one connection; the rest is room for one that reconnects before its old end is noticed. */
const maxConnections = 4;

export type Listener = { close(): Promise<void> };

/**
 * Listens on the channel's socket, in place of one that an earlier incarnation left. The mount is the permission, so
 * the socket itself is open to all who see it.
 */
export async function listenSocket(path: string, onConnection: (socket: Socket) => void): Promise<Listener> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    onConnection(socket);
  });
  server.maxConnections = maxConnections;
  await rm(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o666);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.end(() => socket.destroy());
      }),
  };
}
