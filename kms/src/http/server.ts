/** The HTTP server: where it listens, and which host names are its own. */
import type { Server } from "node:http";
import { isIP } from "node:net";
import { BulkheadError } from "@bulkhead/protocol";
import { serve } from "@hono/node-server";
import type { KmsConfig } from "../config.ts";
import { type AppOptions, createApp } from "./app.ts";

export type HttpServer = { port: number; url: string; makeLoginUrl(): string; close(): Promise<void> };

const loopback = ["127.0.0.1", "localhost", "[::1]"];

/** Errors: ENVIRONMENT_INVALID for a bind that is not loopback and not asked for; ALREADY_RUNNING for a taken port. */
export async function startHttp(
  options: Omit<AppOptions, "places" | "insecureBind" | "makeLoginUrl">,
): Promise<HttpServer> {
  const { config } = options.kms;
  const insecureBind = checkBind(config);
  let port = config.port;
  const places = { hosts: () => hostsOf(config, port) };
  const url = () => `http://${insecureBind ? `${bracket(config.host)}:${port}` : `127.0.0.1:${port}`}`;
  const makeLoginUrl = () => `${url()}/login?token=${options.access.issueCode()}`;
  const app = createApp({ ...options, places, insecureBind, makeLoginUrl });
  const server = await listen(app.fetch, config);
  const address = server.address();
  if (address && typeof address === "object") port = address.port;
  return {
    port,
    url: url(),
    makeLoginUrl,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Event streams would never end by themselves.
        server.closeAllConnections();
      }),
  };
}

function checkBind(config: KmsConfig): boolean {
  const isLoopback = loopback.includes(bracket(config.host)) || /^127\./.test(config.host);
  if (!isLoopback && !config.insecureBind) {
    throw new BulkheadError("ENVIRONMENT_INVALID", `host ${config.host} is not the loopback interface`, {
      remedy: "a Studio Server has no accounts and no TLS: bind 127.0.0.1, or set insecureBind if you mean it",
    });
  }
  return !isLoopback;
}

function hostsOf(config: KmsConfig, port: number): ReadonlySet<string> {
  const names = [...loopback, bracket(config.host), ...config.hostNames.map(bracket)];
  return new Set(names.map((name) => `${name.toLowerCase()}:${port}`));
}

function bracket(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

function listen(fetch: Parameters<typeof serve>[0]["fetch"], config: KmsConfig): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, hostname: config.host, port: config.port }, () => resolve(server)) as Server;
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === "EADDRINUSE";
      const code = taken ? "ALREADY_RUNNING" : "ENVIRONMENT_INVALID";
      const message = `cannot listen on ${config.host}:${config.port}`;
      reject(new BulkheadError(code, message, { remedy: "choose another port, or 0 for any free one", cause }));
    });
  });
}
