/** A server with the routes and headers that the console meets at a KMS, and a hand on its events. */
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { text } from "node:stream/consumers";
import type { KmsEvent } from "../src/api/types.ts";
import * as fixture from "./fixture.ts";

const dist = join(import.meta.dirname, "..", "dist");
const contentTypes: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

export type FixtureServer = {
  readonly url: string;
  /** Bodies of all POST requests, in order. */
  readonly posted: unknown[];
  /** What GET answers, by path below /api/v1; a change shows at the next request. */
  readonly answers: Map<string, unknown>;
  /** Sends an event to every page. */
  emit(event: KmsEvent): void;
  /** How many pages listen. */
  listeners(): number;
  stop(): Promise<void>;
};

/** Starts it on `port`, or on any free one. */
export async function startFixtureServer(port = 0): Promise<FixtureServer> {
  const posted: unknown[] = [];
  const answers = standardAnswers();
  const streams = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });

  async function answer(request: IncomingMessage, response: ServerResponse) {
    response.setHeader("content-security-policy", policy);
    const { pathname } = new URL(request.url ?? "/", "http://fixture");
    if (!pathname.startsWith("/api/v1")) return serveFile(pathname, response);
    const path = pathname.slice("/api/v1".length);
    if (path === "/events") {
      response.writeHead(200, { "content-type": "text/event-stream" }).write(": hello\n\n");
      streams.add(response);
      request.once("close", () => streams.delete(response));
    } else if (request.method === "POST") {
      posted.push(JSON.parse(await text(request)));
      json(response, 202, { command: fixture.commands[0] });
    } else {
      const body = answers.get(path);
      if (body === undefined) json(response, 404, { code: "NOT_FOUND", detail: `there is nothing at ${path}` });
      else json(response, 200, body);
    }
  }

  await listen(server, port);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posted,
    answers,
    emit: (event) => {
      for (const stream of streams) stream.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    },
    listeners: () => streams.size,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function standardAnswers(): Map<string, unknown> {
  const { device, offlineDevice, deviceId } = fixture;
  const ofDevice = `/devices/${deviceId}`;
  const topics = [{ deviceId, topic: "greenhouse/climate", messages: fixture.telemetry }];
  return new Map<string, unknown>([
    ["/health", fixture.health],
    ["/devices", { devices: [device, offlineDevice] }],
    [ofDevice, { device }],
    [`${ofDevice}/status`, { status: fixture.status, receivedAtMs: Date.now() }],
    [`${ofDevice}/manifest`, { manifest: fixture.manifest, receivedAtMs: Date.now() }],
    [`${ofDevice}/resources`, { resources: fixture.resources, receivedAtMs: Date.now() }],
    [`${ofDevice}/logs`, { lines: fixture.logLines, dropped: 0 }],
    [`${ofDevice}/commands`, { commands: fixture.commands }],
    [`${ofDevice}/telemetry`, fixture.readings],
    [`${ofDevice}/crashes`, { crashes: [], receivedAtMs: Date.now() }],
    [`${ofDevice}/events`, { events: fixture.events }],
    ["/releases", { releases: fixture.releases }],
    ["/telemetry", { topics }],
  ]);
}

async function serveFile(path: string, response: ServerResponse) {
  const name = extname(path) === "" ? "/index.html" : path;
  const content = await readFile(join(dist, name)).catch(() => undefined);
  if (!content) return response.writeHead(404).end();
  return response
    .writeHead(200, { "content-type": contentTypes[extname(name)] ?? "application/octet-stream" })
    .end(content);
}

function json(response: ServerResponse, status: number, body: unknown) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
}
