/** Outside of the device: a port of this host's loopback, or a socket, that leads to the inspector of a component. */
import { chmod, rm } from "node:fs/promises";
import { get } from "node:http";
import { type AddressInfo, createConnection, createServer } from "node:net";
import { BulkheadError } from "@bulkhead/protocol";
import type { Wish } from "./arguments.ts";
import { eventsOf } from "./events.ts";
import { join } from "./relay.ts";
import { enter, type Place } from "./root-server.ts";

type InspectorWish = Extract<Wish, { kind: "inspector" }>;

/** Until the component has gone, or we are told to end. */
export async function forwardInspector({ component, listen }: InspectorWish, place: Place): Promise<number> {
  const inside = await enter(place, ["inspector", component], "pipe");
  const next = eventsOf(inside);
  const first = await next();
  if (first?.event !== "listening") return inside.exitCode;
  // The namespaces of its root server are not ours: the way to its files leads through /proc.
  const path = `/proc/${place.pid}/root${first.socket}`;
  const server = createServer((socket) => join(socket, createConnection(path)));
  if (typeof listen === "string") await rm(listen, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new BulkheadError("USAGE", `${listen} cannot be listened on`, { cause, remedy: "name another with --listen" }),
      ),
    );
    if (typeof listen === "number") server.listen(listen, "127.0.0.1", resolve);
    else server.listen(listen, resolve);
  });
  if (typeof listen === "string") await chmod(listen, 0o600);
  const url = typeof listen === "number" ? await webSocketUrl((server.address() as AddressInfo).port) : listen;
  process.stdout.write(`the inspector of ${component}, incarnation ${first.incarnation}: ${url}\n`);
  const told = new Promise<void>((resolve) => {
    // Not `once`: a second one would leave the socket behind.
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => resolve());
    process.once("disconnect", () => resolve());
  });
  await Promise.race([told, next(), inside.exitCode]);
  inside.child.stdin?.end();
  if (typeof listen === "string") await rm(listen, { force: true });
  return 0;
}

/** The list of one process has a few hundred; what answers there is the component's. */
const maxListBytes = 64 * 1024;
const listMs = 5_000;

/** As the inspector itself tells it ("Chrome DevTools Protocol", HTTP endpoints), with our port; without its id where it tells none. */
export async function webSocketUrl(port: number): Promise<string> {
  const text = await new Promise<string>((resolve) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    const request = get({ host: "127.0.0.1", port, path: "/json/list", signal: AbortSignal.timeout(listMs) });
    const end = () => resolve(Buffer.concat(chunks).toString("utf8"));
    request.once("response", (response) => {
      response.on("data", (chunk: Buffer) => {
        sizeBytes += chunk.length;
        if (sizeBytes > maxListBytes) request.destroy();
        else chunks.push(chunk);
      });
      response.on("error", () => undefined);
    });
    request.on("error", () => undefined);
    request.once("close", end);
  });
  const id = /"id":\s*"([0-9a-f-]{36})"/.exec(text)?.[1] ?? "";
  return `ws://127.0.0.1:${port}/${id}`;
}
