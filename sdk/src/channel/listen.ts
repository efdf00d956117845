/** The socket of a channel's providing end. */
import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";

/** A client needs one connection; the rest is room for one that reconnects before its old end is noticed. */
const maxConnections = 4;

/**
 * A client that comes again and again is taken no more often than this. Each connection costs the provider memory until
 * its end is noticed: without a limit, one client that only connected and left ended a provider of 32 MiB.
 */
const connectionsPerSecond = 4;
const connectionBurst = 50;

/**
 * Who comes more often finds nobody listening for so long. To refuse each connection would cost the provider as much time
 * as the client likes to take from it; one that the kernel refuses costs only the client.
 */
const pauseMs = 1_000;

export type Listener = { close(): Promise<void> };

/**
 * Listens on the channel's socket, in place of one that an earlier incarnation left. The mount is the permission, so
 * the socket itself is open to all who see it. Connections that stand go on while nobody listens.
 */
export async function listenSocket(path: string, onConnection: (socket: Socket) => void): Promise<Listener> {
  const sockets = new Set<Socket>();
  const mayConnect = createAllowance();
  let timer: NodeJS.Timeout | undefined;
  let opening: Promise<void> | undefined;
  let server: Server | undefined;

  async function open(): Promise<void> {
    rmSync(path, { force: true });
    // Nothing is read, and no buffer made for it, before a connection is taken.
    const opened = createServer({ pauseOnConnect: true }, take);
    await new Promise<void>((resolve, reject) => {
      opened.once("error", reject);
      opened.listen({ path, backlog: maxConnections }, resolve);
    });
    server = opened;
    chmodSync(path, 0o666);
  }

  function take(socket: Socket): void {
    if (!mayConnect()) pause();
    if (timer || sockets.size >= maxConnections) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    onConnection(socket);
    socket.resume();
  }

  function pause(): void {
    server?.close();
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = undefined;
      opening = open().catch(pause);
    }, pauseMs);
  }

  await open();
  return {
    async close() {
      clearTimeout(timer);
      await opening;
      clearTimeout(timer);
      server?.close();
      await Promise.all([...sockets].map(end));
    },
  };
}

function end(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
    socket.end(() => socket.destroy());
  });
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
