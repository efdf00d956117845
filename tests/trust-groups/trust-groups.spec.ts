import type { DeviceStatus } from "@bulkhead/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  allReady,
  cleanUpAll,
  messageIn,
  stateOf,
  until,
  watchStatus,
} from "../../runtime/src/root-server/testing/bench.ts";
import type { SpecDevice, SpecWorld } from "../../runtime/src/root-server/testing/device.ts";
import { inspect, inspectThread, stopAt } from "../attach/inspection.ts";
import { type Operator, operatorOf } from "../attach/operator.ts";
import { bootGroup } from "./boot.ts";

type Crash = { component: string; reason: string; stack: string | null };

/** One boot for all: the tests are a story. */
describe("[K10] two workers of a trust group", () => {
  let device: SpecDevice;
  let world: SpecWorld;
  let watch: Awaited<ReturnType<typeof watchStatus>>;
  let start: DeviceStatus;
  let operator: Operator;
  const consoles: Record<string, ReturnType<SpecWorld["console"]>> = {};
  const linesOf = (name: string) => consoles[name]?.lines ?? [];
  const pidOf = (status: DeviceStatus, name: string) => stateOf(status, name)?.pid;

  beforeAll(async () => {
    ({ device, world } = await bootGroup());
    operator = await operatorOf(device);
    watch = await watchStatus(world);
    for (const name of ["first", "left", "right", "serial-server"]) consoles[name] = world.console(name);
    start = await watch.when(allReady).catch((error: Error) => {
      throw new Error(`${error.message}; ${world.lines.join("\n")}; ${linesOf("left").join("\n")}`);
    });
  });
  afterAll(async () => {
    for (const console of Object.values(consoles)) console.close();
    await cleanUpAll();
  });

  test("share a process, speak with each other and with others, and each has a log of its own", async () => {
    expect(pidOf(start, "left")).toBe(pidOf(start, "right"));
    expect(pidOf(start, "first")).not.toBe(pidOf(start, "left"));
    await until(() => linesOf("first").some((line) => line.endsWith("1: first left right last")), "what came through");
    expect(linesOf("left").join()).toMatch(/here is left/);
    expect(linesOf("right").join()).toMatch(/here is right/);
    expect(linesOf("left").join()).not.toMatch(/here is right/);
  });

  test("are in one sandbox in which verify finds nothing that the system does not say", async () => {
    expect(await world.line(/verified/)).toMatch(/verified: 6 components run as the system says/);
    expect(stateOf(start, "right")?.level).toMatchObject({ uid: "own", missing: [] });
  });

  test("[K2] one is looked into: it stands at a breakpoint for as long as one likes, the other goes on, and both live", async () => {
    const attached = operator("attach", "left", "--inspector", "--listen", "0");
    const line = await new Promise((resolve) => attached.stdout.once("data", resolve));
    const { session, close } = await inspect(/ws:\S+/.exec(String(line))?.[0] ?? "");
    const threads = { left: await inspectThread(session, "left"), right: await inspectThread(session, "right") };
    const callFrameId = await stopAt(threads.left, "look(trail)");
    await watch.when((now) => stateOf(now, "left")?.attached?.join() === "inspector");
    // Longer than its heartbeat may be missed; the other thread's goes on.
    const evaluate = async (expression: string) =>
      (await threads.right.ask("Runtime.evaluate", { expression }))["result"];
    await until(async () => {
      const { value } = (await evaluate("performance.now() - (globalThis.from ??= performance.now())")) as {
        value: number;
      };
      return value > 2_000;
    }, "more than three heartbeats");
    const seen = await threads.left.ask("Debugger.evaluateOnCallFrame", { callFrameId, expression: "trail" });
    expect(seen).toMatchObject({ result: { value: "first" } });
    await threads.left.ask("Debugger.evaluateOnCallFrame", { callFrameId, expression: "trail = 'changed'" });
    await threads.left.ask("Debugger.disable");
    await until(() => linesOf("first").some((said) => said.endsWith("1: changed left right last")), "what was changed");
    close();
    attached.kill("SIGINT");
    await attached;
    const after = await watch.when((now) => allReady(now) && stateOf(now, "left")?.attached === undefined);
    for (const name of ["left", "right"])
      expect(stateOf(after, name)).toMatchObject({ incarnation: 1, lastReason: null });
    expect(stateOf(after, "right")?.attached).toBeUndefined();
  });

  test("a restart of one leaves the other, and its process, where they are", async () => {
    await device.ask("restart left");
    const status = await watch.when((now) => allReady(now) && stateOf(now, "left")?.incarnation === 2);
    expect(stateOf(status, "right")).toMatchObject({ incarnation: 1, lastReason: null });
    expect(pidOf(status, "left")).toBe(pidOf(start, "left"));
    await until(() => linesOf("first").some((line) => line.endsWith("2: first left right last")), "what came through");
  });

  test("a crash of one takes both, says of each why, and both come back in another process", async () => {
    await device.ask("restart first");
    const again = (now: DeviceStatus) => allReady(now) && stateOf(now, "right")?.incarnation === 2;
    const status = await watch.when((now) => again(now) && stateOf(now, "left")?.incarnation === 3);
    expect(pidOf(status, "left")).toBe(pidOf(status, "right"));
    expect(pidOf(status, "left")).not.toBe(pidOf(start, "left"));
    await world.line(/left exited with code 1: left broke on purpose; it is restarted/);
    await world.line(/right exited with code 1: it shares its process with left, which failed; it is restarted/);
    await until(() => linesOf("first").some((line) => line.endsWith("4: first left right last")), "what came through");
    const crashes = await until(() => {
      const found = linesOf("serial-server").map(crashIn);
      return found.length === 2 && found;
    }, "both to be told of");
    const [left, right] = ["left", "right"].map((name) => crashes.find(({ component }) => component === name));
    expect(left).toMatchObject({ stack: expect.stringContaining("left broke on purpose") });
    expect(right).toMatchObject({ stack: null, reason: expect.stringContaining("left, which failed") });
    expect(linesOf("left").join("\n")).toMatch(/this component gives up.*left broke/);
  });

  test("end in order with the device", async () => {
    world.tell("end");
    expect(await world.ended).toBe(0);
    expect(world.lines.join("\n")).not.toMatch(/was killed/);
  });
});

function crashIn(line: string): Crash {
  const [, , body] = messageIn(line) as [2, "crash", Crash];
  return body;
}
