/** The socket of a channel's providing end. */
import { chmod, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";

/** A client needs one connection; the rest is room for one that reconnects before its old end is noticed. */
const maxConnections = 4;

/**
 * A client that comes again and again gets no more connections than these. Each costs the provider memory until its end is
 * noticed: without a limit, one client that only connected and left ended a provider of 32 MiB.
 */
const connectionsPerSecond = 50;
const connectionBurst = 250;

export type Listener = { close(): Promise<void> };

/**
 * Listens on the channel's socket, in place of one that an earlier incarnation left. The mount is the permission, so
 * the socket itself is open to all who see it.
 */
export async function listenSocket(path: string, onConnection: (socket: Socket) => void): Promise<Listener> {
  const sockets = new Set<Socket>();
  const mayConnect = createAllowance();
  // Nothing is read, and no buffer made for it, before a connection is taken.
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    if (!mayConnect()) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    onConnection(socket);
    socket.resume();
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

// A token bucket.
function createAllowance(): () => boolean {
  let tokens = connectionBurst;
  let lastMs = performance.now();
  return () => {
    const nowMs = performance.now();
    tokens = Math.min(connectionBurst, tokens + ((nowMs - lastMs) * connectionsPerSecond) / 1000);
    lastMs = nowMs;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
