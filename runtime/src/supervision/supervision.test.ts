import { describe, expect, test } from "vitest";
import { isHealthy } from "./state.ts";
import { sketchPlan } from "./testing/plan.ts";
import { started } from "./testing/started.ts";
import { makeWorld } from "./testing/world.ts";

const greenhouse = {
  "message-server": { role: "core" },
  gpio: { role: "driver" },
  moisture: {},
  irrigation: { strong: ["moisture", "gpio"] },
  climate: { strong: ["gpio"], weak: ["moisture"] },
} as const;

describe("start", () => {
  test("[K2] a component starts when its strong providers are ready, and not before", () => {
    const world = makeWorld(sketchPlan(greenhouse));
    world.happen({ kind: "start" });
    expect(world.processes()).toEqual(["message-server", "gpio", "moisture"]);
    for (const name of ["gpio", "moisture"]) world.built(name);
    world.ready("gpio");
    expect(world.processes()).toContain("climate");
    expect(world.processes()).not.toContain("irrigation");
    world.ready("moisture");
    expect(world.processes()).toContain("irrigation");
  });

  test("[K2] a component that is not ready in time is killed and started again, and the reason says so", () => {
    const world = makeWorld(sketchPlan({ slow: {} }));
    world.happen({ kind: "start" });
    world.built("slow");
    world.elapse("slow");
    expect(world.process("slow")).toMatchObject({ killed: true });
    world.exit("slow", { code: null, signal: "SIGKILL" });
    expect(world.record("slow")).toMatchObject({ lastReason: "slow was not ready within 5 s" });
    world.elapse("slow");
    expect(world.incarnationOf("slow")).toBe(2);
  });

  test("a sandbox that cannot be built counts as a crash, with its reason", () => {
    const world = makeWorld(sketchPlan({ one: {} }));
    world.happen({ kind: "start" });
    world.exit("one", { code: null, signal: null, failure: "no seccomp" });
    expect(world.phase("one")).toBe("backing-off");
    expect(world.record("one")?.lastReason).toBe("one could not be started: no seccomp");
  });

  test("one that another try would not help is held with the reason, but for what the device is reached by", () => {
    const world = makeWorld(sketchPlan({ agent: { role: "agent" }, one: {}, two: { strong: ["one"] }, three: {} }));
    world.happen({ kind: "start" });
    const exit = { code: null, signal: null, failure: "the disk has no room", needsPerson: true };
    world.exit("one", exit);
    world.exit("agent", exit);
    expect([world.phase("one"), world.phase("two"), world.phase("agent")]).toEqual(["held", "waiting", "backing-off"]);
    expect(world.record("one")?.lastReason).toMatch(/^one could not be started: the disk has no room/);
    world.happen({ kind: "restart", component: "one", reason: "mended" });
    world.built("one");
    world.ready("one");
    expect(world.phase("one")).toBe("ready");
  });
});

describe("crash", () => {
  test("[K2] a crash restarts the component with its strong dependents and only tells its weak peers", () => {
    const world = started(greenhouse);
    world.happen({
      kind: "fault",
      component: "moisture",
      incarnation: 1,
      reason: "flaky sensor gave up (on purpose)",
    });
    const effects = world.exit("moisture");
    expect(world.phase("moisture")).toBe("backing-off");
    expect(world.phase("irrigation")).toBe("stopping");
    expect(world.phase("climate")).toBe("ready");
    const down = { kind: "tell-peer", component: "climate", name: "moisture", up: false, peerIncarnation: 1 };
    expect(effects).toContainEqual(expect.objectContaining(down));
    const from = world.effects.length;
    world.settle();
    const up = { kind: "tell-peer", component: "climate", name: "moisture", up: true, peerIncarnation: 2 };
    expect(world.effects.slice(from)).toContainEqual(expect.objectContaining(up));
    expect(["moisture", "irrigation", "climate", "gpio"].map(world.incarnationOf)).toEqual([2, 2, 1, 1]);
    expect(world.record("moisture")?.lastReason).toBe("moisture exited with code 1: flaky sensor gave up (on purpose)");
    expect(world.record("irrigation")?.lastReason).toBe(
      "irrigation restarted because moisture, on which it depends, restarted",
    );
  });

  test("[K2] dependents of dependents stop first and start last", () => {
    const world = started({ a: {}, b: { strong: ["a"] }, c: { strong: ["b"] } });
    world.exit("a");
    expect(world.process("c")).toMatchObject({ asked: true });
    expect(world.process("b")).toMatchObject({ asked: false });
    world.exit("c", { code: 0, signal: null });
    expect(world.process("b")).toMatchObject({ asked: true });
    world.exit("b", { code: 0, signal: null });
    world.elapse("a");
    expect(world.processes()).toEqual(["a"]);
    world.settle();
    expect(isHealthy(world.state())).toBe(true);
  });

  test("[K2] a component that hangs is killed for its missing heartbeat; heartbeats keep it alive", () => {
    const world = started({ one: {} });
    expect(world.timer("one")).toMatchObject({ timer: "heartbeat", atMs: 3000 });
    world.pass(2000);
    world.happen({ kind: "heartbeat", component: "one", incarnation: 1 });
    expect(world.timer("one")).toMatchObject({ timer: "heartbeat", atMs: 5000 });
    world.elapse("one");
    expect(world.process("one")).toMatchObject({ killed: true });
    world.exit("one", { code: null, signal: "SIGKILL" });
    expect(world.record("one")?.lastReason).toBe("one gave no heartbeat for 3 s");
  });

  test("[K2] a component that does not stop within its grace is killed", () => {
    const world = started({ one: {} });
    world.happen({ kind: "restart", component: "one", reason: "asked for by the KMS" });
    expect(world.process("one")).toMatchObject({ asked: true, killed: false });
    world.elapse("one");
    expect(world.process("one")).toMatchObject({ killed: true });
    world.settle();
    expect(world.incarnationOf("one")).toBe(2);
    expect(world.record("one")).toMatchObject({ lastReason: "one restarted: asked for by the KMS", crashesMs: [] });
  });

  test("garbage on the control channel kills its sender and nobody else", () => {
    const world = started(greenhouse);
    world.happen({ kind: "misbehaved", component: "climate", incarnation: 1, reason: "sent garbage" });
    expect(world.process("climate")).toMatchObject({ killed: true });
    world.settle();
    expect(world.record("climate")?.lastReason).toBe("climate sent garbage");
    expect(["climate", "moisture", "irrigation", "gpio"].map(world.incarnationOf)).toEqual([2, 1, 1, 1]);
  });

  test("words of an incarnation that has gone change nothing", () => {
    const world = started({ one: {} });
    world.exit("one");
    world.elapse("one");
    const before = world.state();
    expect(world.happen({ kind: "ready", component: "one", incarnation: 1 })).toEqual([]);
    expect(
      world.happen({ kind: "exited", component: "one", incarnation: 1, exit: { code: 1, signal: null }, jitter: 0 }),
    ).toEqual([]);
    expect(world.state()).toBe(before);
  });
});

describe("restart policy", () => {
  test.each([
    ["permanent", 0, "backing-off"],
    ["permanent", 1, "backing-off"],
    ["transient", 0, "stopped"],
    ["transient", 1, "backing-off"],
    ["temporary", 0, "stopped"],
    ["temporary", 1, "stopped"],
  ] as const)("[K2] %s that ends with code %i is %s then", (policy, code, phase) => {
    const world = started({ one: { restart: { policy } } });
    world.exit("one", { code, signal: null });
    expect(world.phase("one")).toBe(phase);
  });

  test("[K2] delays double up to their maximum and begin anew after it was ready for longer than that", () => {
    const world = started({ one: { restart: { intensity: 100 } } });
    const delays = [0, 0, 0, 0, 0, 0, 1001].map((readyForMs) => {
      world.pass(readyForMs);
      const effects = world.exit("one", { code: 1, signal: null }, 0.999999);
      world.settle();
      return effects.find((effect) => effect.kind === "arm" && effect.timer === "backoff");
    });
    expect(delays.map((effect) => effect && "afterMs" in effect && effect.afterMs)).toEqual([
      100, 200, 400, 800, 1000, 1000, 100,
    ]);
  });

  test("[K2] too many crashes: the component and its strong group are given up, the others go on", () => {
    const world = started(greenhouse);
    for (let crash = 0; crash < 4; crash++) {
      world.exit("moisture");
      world.settle();
    }
    expect(["moisture", "irrigation", "climate", "gpio"].map(world.phase)).toEqual([
      "failed",
      "failed",
      "ready",
      "ready",
    ]);
    expect(world.record("moisture")?.lastReason).toBe(
      "moisture exited with code 1; it is given up after more than 3 restarts within 60 s",
    );
    expect(world.record("irrigation")?.lastReason).toMatch(/because moisture, on which it depends, failed/);
    expect(isHealthy(world.state())).toBe(false);
  });

  test("crashes that lie further back than the period do not count", () => {
    const world = started({ one: {} });
    for (let crash = 0; crash < 10; crash++) {
      world.pass(20_001);
      world.exit("one");
      world.settle();
    }
    expect(world.phase("one")).toBe("ready");
  });

  test("[K2] safe mode leaves core servers and agent", () => {
    const world = started({
      log: { role: "core" },
      "kms-agent": { role: "agent" },
      gpio: { role: "driver" },
      valve: { strong: ["gpio"], restart: { escalate: "safe-mode", intensity: 0 } },
      other: {},
    });
    world.exit("valve");
    world.settle();
    expect(["log", "kms-agent", "gpio", "valve", "other"].map(world.phase)).toEqual([
      "ready",
      "ready",
      "held",
      "failed",
      "held",
    ]);
    expect(world.record("other")?.lastReason).toBe(
      "other is held because valve failed and put the device into safe mode",
    );
  });

  test("a restart that a person asks for brings back what was given up, and all that fell with it", () => {
    const world = started({ ...greenhouse, moisture: { restart: { intensity: 0 } } });
    world.exit("moisture");
    world.settle();
    expect(world.phase("irrigation")).toBe("failed");
    world.happen({ kind: "restart", component: "moisture", reason: "asked for" });
    world.settle();
    expect(isHealthy(world.state())).toBe(true);
  });
});

describe("end", () => {
  test("[K17] all is stopped, applications before drivers before core servers, and then nothing is wanted any more", () => {
    const world = started(greenhouse);
    world.happen({ kind: "stop", reason: "update" });
    const asked = () => world.processes().filter((name) => world.process(name)?.asked);
    expect(asked().sort()).toEqual(["climate", "irrigation"]);
    world.exit("climate", { code: 0, signal: null });
    world.exit("irrigation", { code: 0, signal: null });
    expect(asked()).toEqual(["moisture"]);
    world.exit("moisture", { code: 0, signal: null });
    expect(asked()).toEqual(["gpio"]);
    world.exit("gpio", { code: 0, signal: null });
    expect(asked()).toEqual(["message-server"]);
    world.settle();
    expect(world.state().mode).toBe("idle");
    expect(world.happen({ kind: "restart", component: "gpio", reason: "late" })).toEqual([]);
  });

  test("a driver that depends on an application (a simulated one) ends before it, whatever their roles are", () => {
    const world = started({ plant: {}, i2c: { role: "driver", strong: ["plant"] }, climate: { strong: ["i2c"] } });
    world.happen({ kind: "stop", reason: "the end" });
    world.settle();
    expect(world.state().mode).toBe("idle");
    const ends = world.effects.flatMap((effect) => (effect.kind === "ask-to-stop" ? [effect.component] : []));
    expect(ends).toEqual(["climate", "i2c", "plant"]);
  });

  test("a sandbox that is ready only after the stop was asked for is killed", () => {
    const world = makeWorld(sketchPlan({ one: {} }));
    world.happen({ kind: "start" });
    world.happen({ kind: "stop", reason: "changed my mind" });
    world.built("one");
    expect(world.process("one")).toMatchObject({ killed: true, greeted: false });
    world.settle();
    expect(world.state().mode).toBe("idle");
  });
});
