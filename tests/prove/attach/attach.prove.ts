/**
 * Looking into components where little is there to do it with: a device that an ordinary user runs, who has one uid for all
 * and no control groups, and a device whose Node is the oldest, which has no option against SIGUSR1.
 */
import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cleanUpAll, stateOf } from "../../../runtime/src/root-server/testing/bench.ts";
import { bulkheadDirectory } from "../../../studio/src/locations.ts";
import { inspect, stopAt } from "../../attach/inspection.ts";
import { type Bench, nodeTwenty, openAttachBench } from "./bench.ts";

const nobody = 65_534;

const situations = [
  ["as an ordinary user", async () => ({ uid: nobody })],
  ["on Node 20", async () => ({ node: await nodeTwenty() })],
] as const;

describe.each(situations)("[K2] looking inside %s", (situation, options) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openAttachBench(await options());
  });
  afterAll(cleanUpAll);

  /** Ports that are listened on in the network namespace of a component (proc_net_tcp(5): state 0A). */
  const listening = async (name: string) =>
    (await readFile(`/proc/${await bench.hostPidOf(name)}/net/tcp`, "utf8"))
      .split("\n")
      .filter((line) => / 0A /.test(line)).length;

  test("SIGUSR1 opens nothing in a component that does not name the inspector, and ends none", async () => {
    const before = bench.incarnationOf("asker");
    process.kill(await bench.hostPidOf("asker"), "SIGUSR1");
    await bench.answers(5, /got/);
    expect([await listening("asker"), bench.incarnationOf("asker")]).toEqual([0, before]);
    expect(await listening("counter")).toBe(0);
  });

  test("what the manifest does not name is refused, whoever asks", async () => {
    const { exitCode, stderr } = await bench.operator("attach", "asker", "--inspector");
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("does not allow `inspector`")]);
  });

  test("an inspector stops the component for as long as it likes, sees and changes it; then all goes on", async () => {
    const before = bench.incarnationOf("counter");
    const attached = bench.operator("attach", "counter", "--inspector", "--listen", "0");
    const line = await new Promise((resolve) => attached.stdout.once("data", resolve));
    const { session, close } = await inspect(/ws:\S+/.exec(String(line))?.[0] ?? "");
    await bench.status.when((now) => stateOf(now, "counter")?.attached?.join() === "inspector");
    const callFrameId = await stopAt(session, "total += by");
    // Three deadlines of the asker are longer than the time in which its heartbeat would have been missed.
    await bench.answers(5, /got DEADLINE_EXCEEDED/);
    const evaluate = (expression: string) => session.ask("Debugger.evaluateOnCallFrame", { callFrameId, expression });
    expect(await evaluate("by")).toMatchObject({ result: { value: 7 } });
    const version = situation === "on Node 20" ? /^v20\./ : new RegExp(`^${process.version}$`);
    expect(await evaluate("process.version")).toMatchObject({ result: { value: expect.stringMatching(version) } });
    await evaluate("total = 1000000");
    await session.ask("Debugger.disable");
    await bench.answers(1, /got 100\d{4}$/);
    expect(bench.incarnationOf("counter")).toBe(before);
    close();
    attached.kill("SIGINT");
    await attached;
    await bench.status.when((now) => stateOf(now, "counter")?.attached === undefined);
  });

  test("gdb sees a component of C with the component's uid, and holds it longer than a heartbeat may be missed", async ({
    skip,
  }) => {
    skip((await execa("which", ["gdb"], { reject: false })).exitCode !== 0, "there is no gdb here");
    const pid = await bench.hostPidOf("ticker");
    const script = ["python import time; time.sleep(1.5)", "python import os; print('uid', os.getuid())", "bt"];
    const lines = script.flatMap((text) => ["-ex", text]);
    const { stdout, stderr, exitCode } = await bench.operator("attach", "ticker", "--gdb", "--", "-batch", ...lines);
    expect([exitCode, stderr]).toEqual([0, expect.not.stringContaining("not permitted")]);
    expect(stdout).toMatch(/^#\d+ .*bh_run \(.*component\.c:\d+$/m);
    expect(stdout).toMatch(situation === "as an ordinary user" ? /^uid 0$/m : /^uid 7\d{5}$/m);
    expect(await bench.hostPidOf("ticker")).toBe(pid);
  });

  test("a life that is recorded is lived again on this machine, to the byte", async () => {
    const record = join(bench.device.platformDir, "counter.record");
    const from = bench.world.lines.length;
    const recording = bench.operator("record", "counter", "--out", record);
    await bench.world.line(/counter: an operator has its next life recorded/, from);
    await bench.answers(20, /got \d/);
    recording.kill("SIGINT");
    const { exitCode, stderr } = await recording;
    expect([exitCode, stderr]).toEqual([0, expect.any(String)]);
    expect((await stat(record)).mode & 0o777).toBe(0o600);
    const command = [join(bulkheadDirectory, "studio/bin/bulkhead.js"), "replay", record, "--json"];
    const component = ["--component", join(bulkheadDirectory, "tests/attach/system/counter")];
    const { stdout } = await execa(process.execPath, [...command, ...component], { reject: false });
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, identical: true, component: "counter", ended: "exit" });
    await rm(record);
  });
});
