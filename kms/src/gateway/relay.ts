/**
 * A relay: takes TCP connections from the tunnel on one port of the KMS's address and hands each to a Unix socket, with
 * a line in front that names the device's address (PROXY protocol version 1, section 2.1 of HAProxy's
 * proxy-protocol.txt). It understands nothing of what it carries.
 */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { devicePrefixOf } from "./address.ts";
import type { Limiter } from "./limits.ts";

/** Longer than the keep-alive of every protocol that is relayed; a device that lost its power says nothing at all. */
export const defaultIdleMs = 300_000;

export type RelayOptions = {
  readonly address: string;
  readonly port: number;
  /** Unix socket that the connections are handed to; where nobody listens they are closed at once. */
  readonly socket: string;
  /** Shared by all relays of a gateway. */
  readonly limiter: Limiter;
  readonly idleMs?: number;
};

export type Relay = {
  /** For a port of 0: the one that it got. */
  readonly port: number;
  /** Ends the connections of a device (its /112) that is none any more. */
  closeFrom(devicePrefix: string): void;
  close(): Promise<void>;
};

type Connection = { readonly device: string; end(): void };

/** Listens; rejects where the address or port cannot be had. */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const connections = new Set<Connection>();
  // Half-open: what a client still wants to hear after its last word reaches it. Paused: its words wait for the line.
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) => {
    acceptClient(client, options, connections);
  });
  await listen(server, options);
  return {
    port: portOf(server),
    closeFrom(devicePrefix) {
      for (const connection of connections) if (connection.device === devicePrefix) connection.end();
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const connection of connections) connection.end();
      await closed;
    },
  };
}

function acceptClient(client: Socket, options: RelayOptions, connections: Set<Connection>): void {
  client.on("error", () => client.destroy());
  const line = proxyLine(client);
  const device = devicePrefixOf(client.remoteAddress ?? "");
  // It may have gone already. By device, not by address: a device has 65,535 of those.
  if (!line || !device || !options.limiter.admit(device)) {
    client.destroy();
    return;
  }
  const upstream = connect({ path: options.socket, allowHalfOpen: true });
  const connection = { device, end: () => destroyBoth(client, upstream) };
  connections.add(connection);
  client.once("close", () => {
    connections.delete(connection);
    options.limiter.release(device);
  });
  relayBoth(client, upstream, line, options.idleMs ?? defaultIdleMs);
}

function relayBoth(client: Socket, upstream: Socket, line: string, idleMs: number): void {
  const end = () => destroyBoth(client, upstream);
  for (const socket of [client, upstream]) {
    socket.on("error", end);
    socket.setTimeout(idleMs, end);
  }
  // A socket closes without an error only after both of its directions ended, and then the other one ends by itself.
  client.once("close", (hadError) => hadError && end());
  upstream.once("close", (hadError) => hadError && end());
  upstream.once("connect", () => {
    upstream.write(line);
    // pipe waits where the other side is slow, and ends one direction without the other.
    client.pipe(upstream);
    upstream.pipe(client);
  });
}

function destroyBoth(client: Socket, upstream: Socket): void {
  client.destroy();
  upstream.destroy();
}

function proxyLine(client: Socket): string | undefined {
  const { remoteAddress, localAddress, remotePort, localPort } = client;
  if (!remoteAddress || !localAddress || !remotePort || !localPort) return undefined;
  return `PROXY TCP6 ${remoteAddress} ${localAddress} ${remotePort} ${localPort}\r\n`;
}

async function listen(server: Server, { address, port }: RelayOptions): Promise<void> {
  server.listen({ host: address, port, ipv6Only: true });
  await once(server, "listening");
  // Refused by the kernel for want of descriptors or memory: that one connection is lost, the relay is not.
  server.on("error", () => undefined);
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
