import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CrashFacts, TraceEntry } from "@bulkhead/protocol";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findRootServer } from "../../runtime/src/operator-tool/root-server.ts";
import {
  cleanUp,
  cleanUpAll,
  messageIn,
  nextName,
  startIn,
  stateOf,
  until,
  watchStatus,
} from "../../runtime/src/root-server/testing/bench.ts";
import { flashDevice, type SpecDevice, type SpecWorld } from "../../runtime/src/root-server/testing/device.ts";
import { fakes } from "../../runtime/src/root-server/testing/fake-components.ts";
import { lastEntries } from "../../runtime/src/trace/last-entries.ts";
import { buildRelease } from "../../studio/src/build/index.ts";
import { withoutCore } from "../polyglot/device.ts";
import { inspect, inspectorBehind, stopAt } from "./inspection.ts";
import { type Operator, operatorOf } from "./operator.ts";

const system = join(import.meta.dirname, "system");
const root = join(import.meta.dirname, "../..");
const record = join(tmpdir(), `bulkhead-attach-${process.pid}.record`);

let device: SpecDevice;
let world: SpecWorld;
let operator: Operator;
let status: Awaited<ReturnType<typeof watchStatus>>;
let serial: ReturnType<SpecWorld["console"]>;
let asker: ReturnType<SpecWorld["console"]>;

beforeAll(async () => {
  device = await flashDevice(nextName(), async (into, platformDir) => {
    const { release } = await buildRelease({
      manifest: join(system, "manifest.yaml"),
      outDir: into,
      releaseCounter: 1,
    });
    // One that tells what it is told, in the place of the real one, which would read the logs that are read here.
    const place = join(platformDir, "core/serial-server");
    await mkdir(place, { recursive: true });
    await writeFile(join(place, "main.js"), fakes.serialServer);
    await writeFile(join(place, "package.json"), '{"type":"module"}\n');
    return withoutCore(release, ["serial-server"]);
  });
  cleanUp.push(() => device.remove());
  await device.installVerify();
  operator = await operatorOf(device);
  world = startIn(device);
  status = await watchStatus(world);
  serial = world.console("serial-server");
  asker = world.console("asker");
});
afterAll(async () => {
  serial?.close();
  asker?.close();
  await cleanUpAll();
  await rm(record, { force: true });
});

const hostPidOf = async (name: string) => {
  const found = await status.when((now) => stateOf(now, name)?.state === "ready");
  return world.hostPid(stateOf(found, name)?.pid);
};
const incarnationOf = (name: string) => stateOf(status.last() ?? neverSeen(), name)?.incarnation;
function neverSeen(): never {
  throw new Error("no state was seen");
}
/** What the root server has mounted is in its own mount namespace. */
const insideRoot = async () => `/proc/${await findRootServer({ nodePath: process.execPath }, device.configFile)}/root`;
/** Ports that are listened on in the network namespace of a process (proc_net_tcp(5): state 0A). */
const listening = async (pid: number) =>
  (await readFile(`/proc/${pid}/net/tcp`, "utf8")).split("\n").filter((line) => / 0A /.test(line)).length;
/** The asker goes on asking for a while. */
const answers = (count: number, text: RegExp) => {
  const from = asker.lines.length;
  return until(
    () => asker.lines.slice(from).filter((line) => text.test(line)).length >= count,
    `${count} of ${text}`,
    30_000,
  );
};

test("[K2] [K17] what a component did last is in its ring after a crash, in order, and found there by the time of its life", async () => {
  const facts = await until(() => {
    const said = serial.lines.map((line) => messageIn(line) as [2, "crash", CrashFacts]);
    return said.map(([, , crash]) => crash).find(({ component }) => component === "fragile");
  }, "a crash");
  expect(facts).toMatchObject({ exit: { code: 1 }, use: { limited: true } });
  const found = lastEntries(`${await insideRoot()}/run/device/trace`, facts, 64 * 1024);
  expect(found?.damaged).toBe(0);
  const entries = found?.entries ?? [];
  const say = (entry: TraceEntry) => (entry[1] === "m" ? entry[2] : `${entry[1]} ${entry[4] ?? entry[2]}`);
  const said = entries.map(say);
  expect(said[0]).toBe("s 1");
  expect(said.slice(1, 3)).toEqual(["b add", "e add"]);
  expect(said.at(-3)).toBe("the window is stuck");
  expect(said.at(-2)).toContain("about to break");
  expect(said.at(-1)).toContain("this component gives up");
  expect(entries.map(([atUs]) => atUs)).toEqual(entries.map(([atUs]) => atUs).toSorted((a, b) => a - b));
});

describe("[K2] who is looked into", () => {
  test("is asked of the manifest", async () => {
    const { exitCode, stderr } = await operator("attach", "asker", "--inspector");
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringContaining("the manifest of asker does not allow `inspector`"),
    ]);
  });

  test("is asked by root alone: the desk is in a directory that nobody else enters", async () => {
    const { mode, uid } = await stat(`/proc/${world.pid}/root/run/device/operator`);
    expect([mode & 0o777, uid]).toEqual([0o700, 0]);
  });

  test("is no component that merely got SIGUSR1, declared ones apart", async () => {
    for (const name of ["asker", "ticker"]) {
      const pid = await hostPidOf(name);
      const before = incarnationOf(name);
      if (name !== "ticker") process.kill(pid, "SIGUSR1");
      await answers(5, /got/);
      expect([name, await listening(pid), incarnationOf(name)]).toEqual([name, 0, before]);
    }
    expect(await listening(await hostPidOf("counter"))).toBe(0);
  });
});

describe("[K2] an inspector", () => {
  test("stops the component at a breakpoint for as long as it likes, sees and changes it; then all goes on", async () => {
    await answers(1, /got \d/);
    const before = incarnationOf("counter");
    const attached = operator("attach", "counter", "--inspector", "--listen", "0");
    const line = await new Promise((resolve) => attached.stdout.once("data", resolve));
    const { session, close } = await inspect(/ws:\S+/.exec(String(line))?.[0] ?? "");
    await status.when((now) => stateOf(now, "counter")?.attached?.join() === "inspector");
    const callFrameId = await stopAt(session, "total += by");
    // Three deadlines of the asker are longer than the time in which its heartbeat would have been missed.
    await answers(5, /got DEADLINE_EXCEEDED/);
    const evaluate = (expression: string) => session.ask("Debugger.evaluateOnCallFrame", { callFrameId, expression });
    expect(await evaluate("by")).toMatchObject({ result: { value: 7 } });
    await evaluate("total = 1000000");
    await session.ask("Debugger.disable");
    await answers(1, /got 100\d{4}$/);
    expect(incarnationOf("counter")).toBe(before);
    await status.when(
      (now) => now.verification?.differences.some(({ what }) => what === "attached by an operator") === true,
    );
    close();
    attached.kill("SIGINT");
    await attached;
    await status.when((now) => stateOf(now, "counter")?.attached === undefined);
  });

  test("is reached by a socket of root's, too; when it has gone, its component is held to its heartbeat again", async () => {
    const listen = join(device.platformDir, "inspector");
    const attached = operator("attach", "counter", "--inspector", "--listen", listen);
    await new Promise((resolve) => attached.stdout.once("data", resolve));
    expect((await stat(listen)).mode & 0o777).toBe(0o600);
    expect(await inspectorBehind(listen)).toMatch(/^node\.js/);
    // What it started further in goes with it, whyever it went.
    attached.kill("SIGKILL");
    await attached;
    await status.when((now) => stateOf(now, "counter")?.attached === undefined);
    const pid = await hostPidOf("counter");
    const from = world.lines.length;
    process.kill(pid, "SIGSTOP");
    await world.line(/counter gave no heartbeat for 600 ms/, from);
  });
});

test("[K2] gdb sees a component of C under the component's own uid, and holds it longer than a heartbeat may be missed", async ({
  skip,
}) => {
  const isThere = (await execa("which", ["gdb"], { reject: false })).exitCode === 0;
  if (!isThere && process.env["BULKHEAD_GDB"] === "required")
    throw new Error("BULKHEAD_GDB=required, but there is no gdb");
  skip(!isThere, "there is no gdb here");
  const pid = await hostPidOf("ticker");
  const script = [
    "python import time; time.sleep(1.5)",
    "python import os; print('uid', os.getuid(), os.listdir('/'))",
    "info inferiors",
    "bt",
  ];
  const { stdout, stderr, exitCode } = await operator(
    "attach",
    "ticker",
    "--gdb",
    "--",
    "-batch",
    ...script.flatMap((text) => ["-ex", text]),
  );
  expect([exitCode, stderr]).toEqual([0, expect.not.stringContaining("not permitted")]);
  expect(stdout).toMatch(/\* 1 +process \d+ .*\/app\/main/);
  const uid = /^Uid:\t(\d+)/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1];
  expect(stdout).toContain(`uid ${uid}`);
  expect(stdout).toMatch(/^#\d+ .*bh_run \(.*component\.c:\d+$/m);
  expect(await hostPidOf("ticker")).toBe(pid);
});

test("[K+] a life that is recorded on the device is lived again on this machine, to the byte", async () => {
  const from = world.lines.length;
  const recording = operator("record", "counter", "--out", record);
  await world.line(/counter: an operator has its next life recorded/, from);
  await answers(20, /got \d/);
  // As a terminal does it: to all that was started there. Whoever is in a hurry says it twice.
  const group = -(recording.pid ?? Number.NaN);
  process.kill(group, "SIGINT");
  process.kill(group, "SIGINT");
  const { exitCode, stderr } = await recording;
  expect([exitCode, stderr]).toEqual([0, expect.any(String)]);
  expect((await stat(record)).mode & 0o777).toBe(0o600);
  const bulkhead = join(root, "studio/bin/bulkhead.js");
  const { stdout } = await execa(
    process.execPath,
    [bulkhead, "replay", record, "--component", join(system, "counter"), "--json"],
    { reject: false },
  );
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, identical: true, component: "counter", ended: "exit" });
  // Nothing is left: the next life is not recorded.
  await answers(3, /got \d/);
  expect(await readdir(`${await insideRoot()}/run/device/records`)).toEqual([]);
});
