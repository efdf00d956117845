/**
 * Connections from inside the tunnel: the gateway relays each to a Unix socket and names its source. Only whom `identify`
 * knows gets further; anything else is closed without a word.
 */
import { chmod, mkdir, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { dirname } from "node:path";
import { describeError, type Log } from "../log.ts";
import { readProxyLine } from "./proxy-line.ts";

export type RelayedOptions<Owner> = {
  socketPath: string;
  /** Who owns this address in the tunnel; undefined: nobody. */
  identify(address: string): Promise<Owner | undefined>;
  onConnection(connection: Socket, owner: Owner, address: string): void;
  log: Log;
};

export type Relayed = { connections(): number; close(): Promise<void> };

const proxyLineMs = 5000;
/** The gateway lets 64 through for each source and 1,024 in all; this is the wall behind that. */
const maxConnections = 1024;

/** Listens on a Unix socket, replacing a stale one. */
export async function listenRelayed<Owner>(options: RelayedOptions<Owner>): Promise<Relayed> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (connection) => {
    open.add(connection);
    connection.once("close", () => open.delete(connection));
    connection.on("error", () => connection.destroy());
    admit(connection, options).catch((error: unknown) => {
      options.log("warn", "relayed connection refused", { socket: options.socketPath, why: describeError(error) });
      connection.destroy();
    });
  });
  server.maxConnections = maxConnections;
  await mkdir(dirname(options.socketPath), { recursive: true, mode: 0o700 });
  await rm(options.socketPath, { force: true });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(options.socketPath, resolve));
  // The gateway may have a uid without any privilege over files; the directory says who gets here.
  await chmod(options.socketPath, 0o666);
  return {
    connections: () => open.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const connection of open) connection.destroy();
      }),
  };
}

async function admit<Owner>(connection: Socket, options: RelayedOptions<Owner>): Promise<void> {
  const address = await readProxyLine(connection, proxyLineMs);
  const owner = await options.identify(address);
  if (!owner) throw new Error(`no registered device has the address ${address}`);
  if (!connection.destroyed) options.onConnection(connection, owner, address);
}
