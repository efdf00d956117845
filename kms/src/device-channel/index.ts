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
 * From a connection's begin to the end of its request's head. Node's own limits (`headersTimeout`) begin with `listen`, and
 * this server is handed its connections.
 */
const headMs = 10_000;

/** Listens on `device.sock` in the run directory. */
export async function startDeviceChannel(kms: Kms): Promise<DeviceChannel> {
  const owners = new WeakMap<object, { guest: Guest; late: NodeJS.Timeout }>();
  const websockets = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes, perMessageDeflate: false });
  const server = createServer((request, response) => {
    const { guest, late } = owners.get(request.socket) ?? {};
    clearTimeout(late);
    // What devices fetch is for devices: a board that has a token has shown nothing yet.
    if (guest?.kind !== "device") return void request.socket.destroy();
    void serveDownload(kms, request, response);
  });
  // So that the limit above, which is the connection's, is that of each request.
  server.maxRequestsPerSocket = 1;
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
      const late = setTimeout(() => connection.destroy(), headMs);
      connection.once("close", () => clearTimeout(late));
      owners.set(connection, { guest, late });
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
