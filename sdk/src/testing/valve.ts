/** An interface with all that one can have, and both ends of its channel, for the specs of channels. Not part of the SDK. */
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { BulkheadError, channelProtocol } from "@bulkhead/protocol";
import { z } from "zod";
import { createFrameReader, encodeFrame } from "../codec.ts";
import type { Client, Handlers, ServedClient } from "../component.ts";
import { defineInterface } from "../interface.ts";
import { connectPair } from "./connect-pair.ts";

export const valve = defineInterface({
  name: "valve",
  grant: z.strictObject({ mayWrite: z.boolean() }),
  operations: {
    read: { arguments: z.null(), result: z.strictObject({ percent: z.number() }), idempotent: true },
    write: { arguments: z.strictObject({ percent: z.number().min(0).max(100) }), result: z.null(), idempotent: false },
    echo: { arguments: z.unknown(), result: z.unknown(), idempotent: true },
    hang: { arguments: z.null(), result: z.null(), idempotent: true },
    hangOnce: { arguments: z.null(), result: z.null(), idempotent: false },
    fail: { arguments: z.enum(["coded", "plain", "bad-result"]), result: z.null(), idempotent: false },
  },
  streams: {
    positions: {
      arguments: z.strictObject({ count: z.number() }),
      item: z.strictObject({ percent: z.number(), trail: z.instanceof(Uint8Array).optional() }),
      direction: "from-provider",
    },
    program: { arguments: z.null(), item: z.number().max(100), direction: "from-client" },
  },
  notifications: { moved: z.strictObject({ percent: z.number() }), text: z.string() },
  refuse: (grant, operation) => (operation === "write" && !grant.mayWrite ? "only reading is granted" : undefined),
});
export type Valve = typeof valve;

/** Sums of what clients streamed. */
export const programs: number[] = [];

export const handlers: Handlers<Valve> = {
  async *positions({ count }) {
    for (let i = 0; i < count; i++) yield { percent: i };
    if (count === 13) throw new BulkheadError("DEVICE_FAILED", "the valve fell off");
  },
  async program(_, items) {
    let sum = 0;
    for await (const item of items) sum += item;
    programs.push(sum);
  },
  read: () => ({ percent: 40 }),
  write: () => null,
  echo: (args) => args,
  hang: () => new Promise(() => {}),
  hangOnce: () => new Promise(() => {}),
  fail: (how) => {
    if (how === "bad-result") return 7 as never;
    if (how === "coded") throw new BulkheadError("STATE_DAMAGED", "the valve is stuck");
    throw new Error("password is 1234");
  },
};

export const open: { close(): Promise<void> }[] = [];
export async function pair(
  given: Handlers<Valve> | ((c: ServedClient<Valve>) => Handlers<Valve>) = handlers,
  mayWrite = true,
  times: { helloMs?: number; halfFrameMs?: number; stallMs?: number } = {},
) {
  const made = await connectPair(valve, given, { grant: { mayWrite }, ...times });
  open.push(made);
  return made;
}
/** A provider whose own client keeps away, so that a raw connection can take its place. */
export async function rawPair(
  given = handlers,
  times: { helloMs?: number; halfFrameMs?: number; stallMs?: number } = {},
) {
  const made = await pair(given, true, times);
  made.clientEnd.close();
  return made;
}
/** For `afterEach`. */
export async function closeAll(): Promise<void> {
  for (const made of open.splice(0)) await made.close();
}

export const hello = (digest = valve.digest) =>
  encodeFrame([
    2,
    "hello",
    { protocol: channelProtocol, interface: "valve", digest, component: "raw", incarnation: 1 },
  ]);

export async function rawConnection(
  path: string,
): Promise<{ socket: Socket; messages: unknown[]; closed: Promise<unknown> }> {
  const socket = createConnection(path);
  socket.on("error", () => {});
  const messages: unknown[] = [];
  const reader = createFrameReader((message) => messages.push(message));
  socket.on("data", (chunk) => reader.push(chunk));
  const closed = new Promise<unknown>((resolve) => socket.once("close", resolve));
  await once(socket, "connect");
  return { socket, messages, closed };
}

/** A second channel of the same process, which nothing that happens to the first may touch. */
export async function bystander(): Promise<Client<Valve>> {
  const { client } = await pair();
  await client.read();
  return client;
}
