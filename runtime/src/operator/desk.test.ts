/** Where root of the board asks, over a real socket: garbage, giants, silence, too many, and who is killed in the middle. */
import { once } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BulkheadError, maxOperatorFrameBytes, type OperatorAnswer, type OperatorRequest } from "@bulkhead/protocol";
import { createFrameReader, encodeFrame } from "@bulkhead/sdk";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Desk, openDesk, type Visit } from "./desk.ts";

/** The longest that what is waited for may take; how long it takes is the machine's business. */
const patience = { timeout: 20_000, interval: 20 };

const request: OperatorRequest = { kind: "attach", component: "climate", tool: "gdb" };

let directory: string;
let desk: Desk;
let asked: { request: OperatorRequest; visit: Visit }[];
let gone: number;
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), "bulkhead-desk-")), "operator");
  asked = [];
  gone = 0;
  desk = await openDesk(directory, (request, visit) => {
    asked.push({ request, visit });
    visit.onGone(() => {
      gone += 1;
    });
    if (request.kind === "finish") throw new BulkheadError("CONFLICT", "x".repeat(600), { remedy: "y".repeat(600) });
    visit.tell({ kind: "ended" });
  });
});
afterEach(async () => {
  await desk.close();
  await rm(join(directory, ".."), { recursive: true });
});

/** Somebody at the desk: what was told, and whether the desk has had enough. */
async function come() {
  const socket: Socket = createConnection(join(directory, "socket"));
  const told: OperatorAnswer[] = [];
  const reader = createFrameReader((message) => told.push(message as OperatorAnswer));
  socket.on("data", (chunk) => reader.push(chunk));
  socket.on("error", () => undefined);
  const closed = once(socket, "close");
  await once(socket, "connect");
  return { socket, told, closed };
}

/** The desk still serves. */
async function isServed(): Promise<void> {
  const { socket, told } = await come();
  socket.write(encodeFrame(request));
  await vi.waitFor(() => expect(told).toEqual([{ kind: "ended" }]), patience);
  socket.destroy();
}

test("[K2] the desk is in a directory that its owner alone enters", async () => {
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
});

test.each([
  ["a frame that is longer than a request", Buffer.from([0, 0, maxOperatorFrameBytes >> 8, 1])],
  ["a giant", Buffer.from([0xff, 0xff, 0xff, 0xff])],
  ["bytes that are no message", Buffer.from([0, 0, 0, 1, 0xc1])],
])("[K2] %s ends its connection and no other", async (_, bytes) => {
  const { socket, closed } = await come();
  socket.write(bytes);
  await closed;
  expect(asked).toEqual([]);
  await isServed();
});

test.each([
  ["is none", "hello"],
  ["names nobody", { kind: "attach", component: "../climate", tool: "gdb" }],
  ["says more than is understood", { ...request, more: 1 }],
])("[K2] a request that %s is refused in words, and the next is heard", async (_, message) => {
  const { socket, told } = await come();
  socket.write(encodeFrame(message));
  socket.write(encodeFrame(request));
  await vi.waitFor(() => expect(told).toHaveLength(2), patience);
  expect(told).toMatchObject([{ kind: "refused" }, { kind: "ended" }]);
  expect(asked).toHaveLength(1);
  socket.destroy();
});

test("[K2] why something is refused is told in bounded words", async () => {
  const { socket, told } = await come();
  socket.write(encodeFrame({ kind: "finish" }));
  await vi.waitFor(() => expect(told).toHaveLength(1), patience);
  expect(told).toEqual([{ kind: "refused", code: "CONFLICT", message: "x".repeat(500), remedy: "y".repeat(500) }]);
  socket.destroy();
});

test("[K2] who says nothing, or half of a request, keeps a place and nothing else; beyond eight there is none, until one goes", async () => {
  const silent = [];
  for (let count = 0; count < 8; count += 1) silent.push(await come());
  silent[0]?.socket.write(encodeFrame(request).subarray(0, 7));
  const { closed } = await come();
  await closed;
  silent[0]?.socket.destroy();
  await silent[0]?.closed;
  await vi.waitFor(isServed, patience);
  expect(asked).toHaveLength(1);
  for (const { socket } of silent) socket.destroy();
});

test("[K2] when somebody goes, what was asked for ends with it, once", async () => {
  const { socket, told } = await come();
  socket.write(encodeFrame(request));
  await vi.waitFor(() => expect(told).toHaveLength(1), patience);
  expect([gone, asked[0]?.visit.isGone()]).toEqual([0, false]);
  // As a kill does: without a word.
  socket.destroy();
  await vi.waitFor(() => expect(gone).toBe(1), patience);
  expect(asked[0]?.visit.isGone()).toBe(true);
  expect(() => asked[0]?.visit.tell({ kind: "ended" })).not.toThrow();
});

test("[K2] who goes without having read what was told breaks nothing", async () => {
  const socket = createConnection(join(directory, "socket")).pause();
  await once(socket, "connect");
  socket.write(encodeFrame(request));
  await vi.waitFor(() => expect(asked).toHaveLength(1), patience);
  // The kernel tells the other end that something was not read: ECONNRESET.
  socket.destroy();
  await vi.waitFor(() => expect(gone).toBe(1), patience);
  await isServed();
});

test("[K2] with the desk all go that are at it", async () => {
  const { socket, told, closed } = await come();
  socket.write(encodeFrame(request));
  await vi.waitFor(() => expect(told).toHaveLength(1), patience);
  await desk.close();
  await closed;
  await vi.waitFor(() => expect(gone).toBe(1), patience);
});
