/**
 * The control socket: HTTP with JSON over a Unix socket that the KMS alone may open. `PUT /peers`, `POST /reset-peer` and `GET /status`;
 * whatever else comes gets an answer with a code and changes nothing.
 */
import { once } from "node:events";
import { chmod, chown, mkdir, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { dirname } from "node:path";
import { BulkheadError, describeMisfit, type ErrorCode, reportError } from "@bulkhead/protocol";
import { z } from "zod";
import { type GatewayStatus, type Peer, type PeersSet, resetPeerSchema, setPeersSchema } from "./messages.ts";

export type ControlHandlers = {
  setPeers(peers: readonly Peer[]): Promise<PeersSet>;
  resetPeer(publicKey: string): Promise<void>;
  status(): Promise<GatewayStatus>;
};

/** All peers that there can be, at 130 bytes each, and again as much. */
const maxBodyBytes = 16 * 1024 * 1024;
const requestMs = 10_000;

const statusOf: Partial<Record<ErrorCode, number>> = { REQUEST_INVALID: 400, NOT_FOUND: 404, REQUEST_TOO_LARGE: 413 };

/** Listens on `socket` (mode 0600, its new directory 0700), owned by `uid` where one is given. */
export async function startControl(socket: string, uid: number | null, handlers: ControlHandlers): Promise<Server> {
  const server = createServer({ requestTimeout: requestMs, headersTimeout: requestMs }, (request, response) => {
    void handle(request, response, handlers);
  });
  const made = await mkdir(dirname(socket), { recursive: true, mode: 0o700 });
  if (made && uid !== null) await chown(dirname(socket), uid, uid);
  await rm(socket, { force: true });
  server.listen({ path: socket });
  await once(server, "listening");
  await chmod(socket, 0o600);
  if (uid !== null) await chown(socket, uid, uid);
  return server;
}

async function handle(request: IncomingMessage, response: ServerResponse, handlers: ControlHandlers): Promise<void> {
  try {
    answer(response, 200, await route(request, handlers));
  } catch (error) {
    const report = reportError(error);
    // What came half is not read to its end.
    response.setHeader("connection", "close");
    answer(response, statusOf[report.code] ?? 500, { code: report.code, message: report.message });
  }
}

async function route(request: IncomingMessage, handlers: ControlHandlers): Promise<unknown> {
  const target = `${request.method} ${request.url}`;
  if (target === "GET /status") return handlers.status();
  if (target === "PUT /peers") {
    return handlers.setPeers(parseBody(await readBody(request), setPeersSchema, "the peers are").peers);
  }
  if (target === "POST /reset-peer") {
    const { publicKey } = parseBody(await readBody(request), resetPeerSchema, "the peer to reset is");
    await handlers.resetPeer(publicKey);
    return { reset: publicKey };
  }
  throw new BulkheadError("NOT_FOUND", `the gateway does not know ${target.slice(0, 200)}`);
}

function parseBody<S extends z.ZodType>(body: string, schema: S, what: string): z.output<S> {
  try {
    return schema.parse(JSON.parse(body));
  } catch (cause) {
    const words = cause instanceof z.ZodError ? describeMisfit(cause, 1000) : "no JSON";
    throw new BulkheadError("REQUEST_INVALID", `${what} not valid: ${words}`, { cause });
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) throw new BulkheadError("REQUEST_TOO_LARGE", `a body has at most ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
