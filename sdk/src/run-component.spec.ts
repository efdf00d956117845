import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { createFrameReader, encodeFrame } from "./codec.ts";

/** Machines that run eight things at once take their time. */
const eventually = <T>(probe: () => T | Promise<T>) => expect.poll(probe, { timeout: 20_000 });

const entry = fileURLToPath(new URL("testing/components/run.ts", import.meta.url));
const channel = {
  client: "visitor",
  name: "light",
  provider: "house",
  service: "lamp",
  interface: "lamp",
  dependency: "strong",
  grant: {},
  operations: null,
  inspect: false,
  ratePerSecond: null,
  leaseBytes: 0,
};

/** A process of a component, and this test as its root server. */
type Running = {
  process: ChildProcess;
  tell(kind: string, body: unknown): void;
  raw(bytes: Uint8Array): void;
  /** Kinds of what it told, in order, and the reasons of its faults. */
  told: string[];
  faults: string[];
  lines(): string[];
  exited: Promise<number | null>;
};

async function makeDirectories(): Promise<{ uses: string; provides: string }> {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-run-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await mkdir(join(directory, "visitor.light"));
  await symlink(join(directory, "visitor.light"), join(directory, "light"));
  return { uses: directory, provides: directory };
}

function launch(component: "house" | "visitor", directories: { uses: string; provides: string }): Running {
  const stdio = ["ignore", "pipe", "inherit", "pipe"] as const;
  const child = spawn(process.execPath, [entry, component, directories.uses, directories.provides], {
    stdio: [...stdio],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const control = child.stdio[3] as Duplex;
  const told: string[] = [];
  const faults: string[] = [];
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  const reader = createFrameReader((message) => {
    const [, kind, body] = message as [number, string, { reason?: string }];
    told.push(kind);
    if (kind === "fault") faults.push(body.reason ?? "");
  });
  control.on("data", (chunk: Buffer) => reader.push(chunk));
  control.on("error", () => {});
  return {
    process: child,
    tell: (kind, body) => void control.write(encodeFrame([2, kind, body])),
    raw: (bytes) => void control.write(bytes),
    told,
    faults,
    lines: () => output.split("\n").slice(0, -1),
    exited: once(child, "exit").then(([code]) => code as number | null),
  };
}

function start(running: Running, component: string, body: object = {}): void {
  const [uses, provides] = component === "house" ? [[], [channel]] : [[channel], []];
  const rest = { role: "application", incarnation: 1, generation: 1, heartbeatMs: 20, config: {}, uses, provides };
  running.tell("start", { protocol: 1, component, ...rest, ...body });
}

async function launchBoth(config: object = {}) {
  const directories = await makeDirectories();
  const house = launch("house", directories);
  start(house, "house");
  await eventually(() => house.told).toContain("ready");
  const visitor = launch("visitor", directories);
  start(visitor, "visitor", { config });
  visitor.tell("peer", { name: "light", up: true, incarnation: 1 });
  return { directories, house, visitor };
}

describe("[K2] a component's process", () => {
  test("becomes ready, gives heartbeats, and ends with 0 when it is told to stop", async () => {
    const directories = await makeDirectories();
    const house = launch("house", directories);
    start(house, "house");
    await eventually(() => house.told.slice(0, 3)).toEqual(["ready", "heartbeat", "heartbeat"]);
    house.tell("stop", { graceMs: 1000, reason: "the test ends" });
    expect(await house.exited).toBe(0);
    expect(house.lines()).toEqual([
      'info house starts {"incarnation":1}',
      "info stopping: the test ends",
      "info house is dark",
    ]);
  });

  test("has sockets that every uid may use: the mount is the permission", async () => {
    const { directories } = await launchBoth();
    const { mode } = await stat(join(directories.provides, "visitor.light", "socket"));
    expect(mode & 0o777).toBe(0o666);
  });

  test("takes the place of a socket that an earlier incarnation left", async () => {
    const directories = await makeDirectories();
    await writeFile(join(directories.provides, "visitor.light", "socket"), "stale");
    const house = launch("house", directories);
    start(house, "house");
    await eventually(() => house.told).toContain("ready");
  });

  test("[K3] gives a call that names no deadline as long as the root server says: a slow board takes longer", async () => {
    const visitor = launch("visitor", await makeDirectories());
    start(visitor, "visitor", { callMs: 50 });
    expect(await visitor.exited).toBe(1);
    expect(visitor.faults.join()).toContain("light.set was not answered within 50 ms");
  });

  test.each(["throw", "reject"] as const)(
    "tells the reason of an error that nobody caught (%s) and ends with 1",
    async (end) => {
      const { house } = await launchBoth({ end });
      expect(await house.exited).toBe(1);
      expect(house.faults).toEqual([end === "throw" ? "the bulb burst" : "nobody caught this"]);
    },
  );

  test("[K8] gives no heartbeat while it hangs", async () => {
    const { house, visitor } = await launchBoth({ end: "hang" });
    await eventually(() => visitor.faults).toHaveLength(1); // The call met its deadline: the house hangs by now.
    const beats = house.told.length;
    visitor.process.kill("SIGKILL");
    await visitor.exited;
    expect(house.told.length).toBe(beats);
  });

  test("ends when the root server is gone", async () => {
    const directories = await makeDirectories();
    const house = launch("house", directories);
    start(house, "house");
    await eventually(() => house.told).toContain("ready");
    (house.process.stdio[3] as Duplex).destroy();
    expect(await house.exited).toBe(1);
  });

  test.each([
    ["bytes that are no frame", Uint8Array.of(0, 0, 0, 1, 0xc1)],
    ["a message that it does not know", encodeFrame([2, "dance", {}])],
    ["a start that does not fit", encodeFrame([2, "start", { protocol: 99 }])],
  ])("ends with a coded fault on %s from its root server", async (_what, bytes) => {
    const house = launch("house", await makeDirectories());
    house.raw(bytes);
    expect(await house.exited).toBe(1);
    expect(house.lines().join()).toContain("IPC_FRAME_INVALID");
  });

  test("says which channel its manifest does not give it", async () => {
    const visitor = launch("visitor", await makeDirectories());
    start(visitor, "visitor", { uses: [] });
    expect(await visitor.exited).toBe(1);
    expect(visitor.faults).toEqual(["visitor uses light as lamp, but the manifest has no such channel"]);
  });

  test("says plainly that it is not started by hand", async () => {
    const child = spawn(process.execPath, [entry, "house"], { stdio: ["ignore", "ignore", "pipe"] });
    let text = "";
    child.stderr.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    const [code] = (await once(child, "exit")) as [number];
    expect(code).not.toBe(0);
    expect(text).toContain("components are started by the root server");
  });
});

describe("[K3] two components in processes of their own", () => {
  test("exchange a call and a notification, and connect again after the provider was killed", async () => {
    const { directories, house, visitor } = await launchBoth();
    await eventually(() => visitor.lines()).toEqual([
      'info peer {"up":true,"incarnation":1}',
      'info changed {"on":true}',
    ]);
    house.process.kill("SIGKILL");
    await house.exited;
    visitor.tell("peer", { name: "light", up: false, incarnation: 1 });
    const next = launch("house", directories);
    start(next, "house", { incarnation: 2 });
    await eventually(() => next.told).toContain("ready");
    visitor.tell("peer", { name: "light", up: true, incarnation: 2 });
    await eventually(() => visitor.lines().at(-1)).toBe('info peer {"up":true,"incarnation":2}');
    expect(visitor.lines()).toContain('info peer {"up":false,"incarnation":1}');
  });
});
