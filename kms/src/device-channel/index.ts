/** The devices' door: HTTP and the command channel on one Unix socket, behind the gateway's relay. */
import { createServer, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { commandChannelPath, maxMessageBytes } from "@bulkhead/protocol";
import { WebSocketServer } from "ws";
import { type Guest, identifyGuest, type Kms } from "../kms.ts";
import { describeError } from "../log.ts";
import { listenRelayed } from "../relayed/index.ts";
import { serveChannel } from "./channel.ts";
import { serveDownload } from "./downloads.ts";

export { createSessions, type Sessions } from "./sessions.ts";

export type DeviceChannel = { close(): Promise<void> };

/**
 * From a connection's begin, or the end of an answer, to the end of the next request's head. Node's own limits (`headersTimeout`) begin with `listen`,
 * and this server is handed its connections.
 */
const headMs = 10_000;
/** One after the other: all that an update of a few artifacts fetches, and no connection for ever. */
const maxRequests = 32;

type Owner = { readonly guest: Guest; late: NodeJS.Timeout | undefined; answered: Promise<void> };

function endUnlessAsked(connection: Socket): NodeJS.Timeout | undefined {
  return connection.destroyed ? undefined : setTimeout(() => connection.destroy(), headMs);
}

/** Listens on `device.sock` in the run directory. */
export async function startDeviceChannel(kms: Kms): Promise<DeviceChannel> {
  const owners = new WeakMap<object, Owner>();
  const websockets = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes, perMessageDeflate: false });
  const server = createServer((request, response) => {
    const owner = owners.get(request.socket);
    clearTimeout(owner?.late);
    // What devices fetch is for devices: a board that has a token has shown nothing yet.
    if (owner?.guest.kind !== "device") return void request.socket.destroy();
    const before = owner.answered;
    owner.answered = new Promise((resolve) => response.once("close", resolve));
    // Who asks anew before it is answered would otherwise have as many answers made at once as it asks for.
    void before.then(() => {
      // An answer that waited has no connection any more that would end it.
      if (request.socket.destroyed) return;
      clearTimeout(owner.late);
      response.once("close", () => {
        owner.late = endUnlessAsked(request.socket);
      });
      void serveDownload(kms, request, response);
    });
  });
  server.maxRequestsPerSocket = maxRequests;
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const { guest, late } = owners.get(socket) ?? {};
    clearTimeout(late);
    if (!guest || request.url !== commandChannelPath) return void socket.destroy();
    websockets.handleUpgrade(request, socket, head, (websocket) => {
      serveChannel(kms, websocket, guest).catch((error: unknown) => {
        kms.log("error", "a command channel failed", { why: describeError(error) });
        websocket.terminate();
      });
    });
  });
  server.on("clientError", (_error, socket) => socket.destroy());
  const relayed = await listenRelayed({
    socketPath: join(kms.config.runDir, "device.sock"),
    identify: (address) => identifyGuest(kms, address),
    onConnection(connection, guest) {
      const owner: Owner = { guest, late: endUnlessAsked(connection), answered: Promise.resolve() };
      connection.once("close", () => clearTimeout(owner.late));
      owners.set(connection, owner);
      server.emit("connection", connection);
    },
    log: kms.log,
  });
  return {
    async close() {
      websockets.close();
      await relayed.close();
    },
  };
}
