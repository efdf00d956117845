/**
 * A station of the ring as a bare process: the test is its root server (descriptor 3), the client before it and the provider
 * behind it, and speaks to it in frames.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import type { Channel } from "@bulkhead/protocol";
import { plainChannel } from "@bulkhead/protocol/testing";
import { createFrameReader, encodeFrame } from "@bulkhead/sdk";
import { ringInterface } from "../../manifests/polyglot/interfaces.ts";
import { until } from "../../runtime/src/root-server/testing/bench.ts";
import { withOwnRun } from "./own-run.ts";

export type Frames = {
  readonly heard: unknown[];
  send(frame: unknown): void;
  raw(bytes: Uint8Array): void;
  /** The first frame heard that fits, now or later. */
  find<T>(pick: (frame: unknown) => T | undefined): Promise<T>;
  readonly closed: () => boolean;
  close(): void;
};

/** Speaks frames over a stream; what it hears stays in order. */
export function overStream(stream: Duplex): Frames {
  const heard: unknown[] = [];
  let closed = false;
  const reader = createFrameReader((message) => heard.push(message));
  stream.on("data", (chunk: Buffer) => reader.push(chunk));
  stream.on("error", () => undefined);
  stream.on("close", () => {
    closed = true;
  });
  return {
    heard,
    send: (frame) => void stream.write(encodeFrame(frame)),
    raw: (bytes) => void stream.write(bytes),
    find: (pick) =>
      until(
        () => {
          for (const frame of heard) {
            const found = pick(frame);
            if (found !== undefined) return { found };
          }
          return undefined;
        },
        `a frame; there are ${JSON.stringify(heard)}`,
      ).then(({ found }) => found),
    closed: () => closed,
    close: () => stream.destroy(),
  };
}

/** The kind of a notification that was found. */
export const notification = (name: string) => (frame: unknown) =>
  Array.isArray(frame) && frame[0] === 2 && frame[1] === name ? { body: frame[2] } : undefined;

/** The answer to call `id`. */
export const answerTo = (id: number) => (frame: unknown) =>
  Array.isArray(frame) && frame[0] === 1 && frame[1] === id ? { error: frame[2], result: frame[3] } : undefined;

export const request = (frame: unknown) =>
  Array.isArray(frame) && frame[0] === 0 ? { id: frame[1] as number, args: frame[3] } : undefined;

export const hello = (component: string, incarnation: number, digest: string = ringInterface.digest) => [
  2,
  "hello",
  { protocol: 1, interface: "ring", digest, component, incarnation },
];

export type Station = Awaited<ReturnType<typeof startStation>>;

/** Lets the provider behind a station be up, and greets. */
export async function linkProvider(station: Station): Promise<{ station: Station; provider: Frames }> {
  station.peer(true, 1);
  const provider = await station.provider.connection(0);
  await provider.find(notification("hello"));
  provider.send(hello("after", 1));
  return { station, provider };
}

/** Starts `command`, says `start`, and waits until it is ready. `channel`: terms of the channel to it; a lease it has at both. */
export async function startStation(command: readonly string[], channel: Partial<Channel> = {}) {
  const run = await mkdtemp(join(tmpdir(), "bulkhead-station-"));
  await mkdir(join(run, "ipc/provides/before.next"), { recursive: true });
  await mkdir(join(run, "ipc/uses/next"), { recursive: true });
  await mkdir(join(run, "ipc/leases"));
  const leases = { before: join(run, "ipc/leases/before.next"), next: join(run, "ipc/leases/next") };
  for (const file of Object.values(leases)) await writeFile(file, Buffer.alloc(channel.leaseBytes ?? 0));
  const child = spawn("bwrap", [...withOwnRun(run), "--", ...command], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk) => {
      output += chunk;
    });
  }
  const control = overStream(child.stdio[3] as Duplex);
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const provider = await listen(join(run, "ipc/uses/next/socket"));
  control.send([2, "start", greeting(channel)]);
  await control.find(notification("ready")).catch((error: Error) => {
    throw new Error(`${error.message}; it wrote ${output}`);
  });
  return {
    control,
    ended,
    provider,
    /** Files of the shared memory of both channels, of `leaseBytes`. */
    leases,
    output: () => output,
    peer: (up: boolean, incarnation: number) => control.send([2, "peer", { name: "next", up, incarnation }]),
    /** A client that has said hello and heard one. */
    async connect(digest?: string): Promise<Frames> {
      const client = overStream(createConnection(join(run, "ipc/provides/before.next/socket")));
      client.send(hello("before", 1, digest));
      await client.find(notification("hello"));
      return client;
    },
    async close(): Promise<void> {
      kill(child);
      await ended;
      provider.close();
      await rm(run, { recursive: true, force: true });
    },
  };
}

function kill(child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
}

function greeting(channel: Partial<Channel>) {
  const before = plainChannel({
    client: "before",
    name: "next",
    provider: "station",
    service: "ring",
    interface: "ring",
  });
  const after = plainChannel({
    client: "station",
    name: "next",
    provider: "after",
    service: "ring",
    interface: "ring",
  });
  const next = { ...after, leaseBytes: channel.leaseBytes ?? 0 };
  return {
    protocol: 1,
    component: "station",
    role: "application",
    incarnation: 3,
    generation: 1,
    uses: [next],
    provides: [{ ...before, ...channel }],
    heartbeatMs: 100,
    config: {},
  };
}

/** The provider behind the station: each connection that it makes, in order. */
async function listen(path: string) {
  const connections: Frames[] = [];
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    connections.push(overStream(socket));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    connections,
    /** The connection number `index`, counted from 0, once it is there. */
    connection: (index: number) => until(() => connections[index], `connection ${index} of the station`),
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
