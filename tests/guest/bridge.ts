/** The bridge of `vm` components as a bare process: the test is its root server, its clients and, by way of a relay, its guest. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Duplex } from "node:stream";
import { execa } from "execa";
import { until } from "../../runtime/src/root-server/testing/bench.ts";
import { withOwnRun } from "../polyglot/own-run.ts";

const root = join(import.meta.dirname, "../..");

/** Compiles it with the compiler's sanitizers: what reads or writes where it must not ends it. */
export async function compileBridge(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-bridge-"));
  const files = ["bridge.c", "lines.c", "ports.c"].map((name) => join(root, "sdk/vm", name));
  const flags = ["-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror"];
  const sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
  await execa("gcc", [...flags, ...sanitizers, "-o", join(directory, "bridge"), ...files]);
  return join(directory, "bridge");
}

export type Bridge = Awaited<ReturnType<typeof startBridge>>;

/** Starts it with one channel that it uses, `next`, and one that it provides, to `before.next`. */
export async function startBridge(program: string) {
  const run = await mkdtemp(join(tmpdir(), "bulkhead-bridge-"));
  for (const name of ["provides/before.next", "uses/next"]) await mkdir(join(run, "ipc", name), { recursive: true });
  const heard = new Map<string, Buffer>();
  let guest: Socket | undefined;
  const server = createServer((socket) => {
    guest = socket.on("error", () => undefined);
    createInterface({ input: socket }).on("line", (line) => {
      const { port, hex } = JSON.parse(line) as { port: string; hex: string };
      heard.set(port, Buffer.concat([heard.get(port) ?? Buffer.alloc(0), Buffer.from(hex, "hex")]));
    });
  });
  await new Promise<void>((resolve) => server.listen(join(run, "ipc/relay"), resolve));
  const machine = [process.execPath, join(import.meta.dirname, "relay.mjs"), "/run/ipc/relay"];
  const child = spawn("bwrap", [...withOwnRun(run), "--", program, "console=none", ...machine], {
    stdio: ["ignore", "pipe", "inherit", "pipe"],
  });
  let output = "";
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const control = child.stdio[3] as Duplex;
  control.on("error", () => undefined);
  await until(() => heard.get(""), "the machine");
  return {
    ended,
    control,
    heard: (port: string) => heard.get(port) ?? Buffer.alloc(0),
    forget: (port: string) => heard.delete(port),
    says: (port: string, bytes: Uint8Array) =>
      guest?.write(`${JSON.stringify({ port, hex: Buffer.from(bytes).toString("hex") })}\n`),
    /** Its log, from the first time that somebody asks: before, nobody reads. */
    log(): string {
      if (child.stdout?.listenerCount("data") === 0) child.stdout.on("data", (chunk) => (output += chunk));
      return output;
    },
    place: (name: string) => join(run, "ipc", name, "socket"),
    connect: () => createConnection(join(run, "ipc/provides/before.next/socket")).on("error", () => undefined),
    async close(): Promise<void> {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await ended;
      guest?.destroy();
      server.close();
      await rm(run, { recursive: true, force: true });
    },
  };
}

/** One record of a port. */
export function record(kind: string, slot: number, content: Uint8Array = Buffer.alloc(0)): Buffer {
  return Buffer.concat([Buffer.from([kind.charCodeAt(0), slot, content.length >> 8, content.length & 0xff]), content]);
}

export type VmRecord = { readonly kind: string; readonly slot: number; readonly content: Buffer };

/** All whole records at the front of `bytes`. */
export function recordsIn(bytes: Buffer): VmRecord[] {
  const found: VmRecord[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + bytes.readUInt16BE(at + 2);
    if (end > bytes.length) break;
    found.push({
      kind: String.fromCharCode(bytes[at] ?? 0),
      slot: bytes[at + 1] ?? 0,
      content: bytes.subarray(at + 4, end),
    });
    at = end;
  }
  return found;
}
