import { describe, expect, test } from "vitest";
import type { SupervisionEffect } from "./event.ts";
import { sketchPlan } from "./testing/plan.ts";
import { started } from "./testing/started.ts";
import { makeWorld, type World } from "./testing/world.ts";

function giveUp(world: World, name: string): readonly SupervisionEffect[] {
  const from = world.effects.length;
  for (let crash = 0; crash < 10 && world.phase(name) === "ready"; crash++) {
    world.exit(name);
    world.settle();
  }
  return world.effects.slice(from);
}

const rungsOf = (effects: readonly SupervisionEffect[]) =>
  effects.flatMap((effect) => (effect.kind === "escalate" ? [effect.to] : []));

const device = {
  log: { role: "core" },
  "kms-agent": { role: "agent", strong: ["log"] },
  gpio: { role: "driver" },
  valve: { strong: ["gpio"] },
  other: {},
} as const;

describe("group", () => {
  test("[K2] the first that is given up takes its group with it, and the device goes on", () => {
    const world = started(device);
    expect(rungsOf(giveUp(world, "gpio"))).toEqual(["group"]);
    expect(["valve", "other", "log"].map(world.phase)).toEqual(["failed", "ready", "ready"]);
    expect(world.state().ladder.safeMode).toBeNull();
  });

  test("[K2] where another is given up within the period, giving up was no help: safe mode", () => {
    const world = started(device);
    giveUp(world, "gpio");
    expect(rungsOf(giveUp(world, "other"))).toEqual(["safe-mode"]);
    expect(["log", "kms-agent", "other"].map(world.phase)).toEqual(["ready", "ready", "failed"]);
  });

  test("[K2] where another is given up much later, it is a trouble of its own", () => {
    const world = started(device);
    giveUp(world, "gpio");
    world.pass(60_001);
    expect(rungsOf(giveUp(world, "other"))).toEqual(["group"]);
  });

  test("[K2] the same again, after a person has revived it, is not another", () => {
    const world = started(device);
    giveUp(world, "other");
    world.happen({ kind: "restart", component: "other", reason: "try" });
    world.settle();
    expect(rungsOf(giveUp(world, "other"))).toEqual(["group"]);
  });
});

describe("safe mode", () => {
  const safe = { ...device, other: { restart: { escalate: "safe-mode", intensity: 0 } } } as const;

  test("[K2] a person's restart of a component does not lead out of it, and is answered with the reason", () => {
    const world = started(safe);
    giveUp(world, "other");
    expect(world.phase("valve")).toBe("held");
    const effects = world.happen({ kind: "restart", component: "valve", reason: "try" });
    world.settle();
    expect(world.phase("valve")).toBe("held");
    expect(effects).toContainEqual(
      expect.objectContaining({ text: expect.stringMatching(/safe mode; restart the dev/) }),
    );
  });

  test("[K2] a core server that was given up is tried once more there, without the load of the others", () => {
    const world = started({ ...device, log: { role: "core", restart: { escalate: "safe-mode" } } });
    expect(rungsOf(giveUp(world, "log"))).toContain("safe-mode");
    expect(world.state().ladder.safeMode).toMatchObject({ because: "log" });
  });

  test("[K2] one that helps goes on for ever", () => {
    const world = started(safe);
    giveUp(world, "other");
    expect(rungsOf(world.safeModeElapse())).toEqual([]);
    expect(world.phase("kms-agent")).toBe("ready");
  });

  test("[K2] one in which a core server is given up did not help: the previous generation", () => {
    const world = started(safe);
    giveUp(world, "other");
    expect(rungsOf(giveUp(world, "kms-agent"))).toEqual(["previous-generation"]);
  });

  test("[K2] one in which a core server is not ready when the period is over did not help either", () => {
    const world = started(safe);
    giveUp(world, "other");
    world.exit("log");
    const effects = world.safeModeElapse();
    expect(rungsOf(effects)).toEqual(["previous-generation"]);
    expect(effects).toContainEqual(
      expect.objectContaining({ reason: expect.stringMatching(/^log, kms-agent not ready/) }),
    );
  });
});

test.each(["previous-generation", "reboot"] as const)(
  "[K2] %s as the first rung passes through safe mode",
  (escalate) => {
    const world = started({ ...device, valve: { restart: { escalate, intensity: 0 } } });
    expect(rungsOf(giveUp(world, "valve"))).toEqual([escalate]);
    expect(world.phase("other")).toBe("held");
  },
);

describe("hold", () => {
  const held = { sensor: { restart: { hold: true } }, control: { strong: ["sensor"] }, other: {} } as const;

  test("[K2] after a crash it is held, its dependents stop with the reason, and the others go on", () => {
    const world = started(held);
    world.exit("sensor");
    world.settle();
    expect(["sensor", "control", "other"].map(world.phase)).toEqual(["held", "waiting", "ready"]);
    expect(world.record("sensor")?.lastReason).toBe("sensor exited with code 1");
    expect(world.record("control")?.lastReason).toBe("control stopped because sensor, on which it depends, is held");
  });

  test("[K2] a person's restart starts it, and whoever waits for it", () => {
    const world = started(held);
    world.exit("sensor");
    world.settle();
    world.happen({ kind: "restart", component: "sensor", reason: "looked at" });
    world.settle();
    expect(["sensor", "control"].map(world.phase)).toEqual(["ready", "ready"]);
    expect(["sensor", "control"].map(world.incarnationOf)).toEqual([2, 2]);
  });

  test("[K2] one that was killed for what it did is held too; one that a person restarts is not", () => {
    const world = started(held);
    world.happen({ kind: "restart", component: "sensor", reason: "try" });
    world.settle();
    expect(world.phase("sensor")).toBe("ready");
    world.elapse("sensor");
    world.settle();
    expect(world.phase("sensor")).toBe("held");
  });
});

test("[K22] a start that is held starts what safe mode leaves running, no word of a person starts more, and nobody waits for it to help", () => {
  const world = makeWorld(
    sketchPlan({ log: { role: "core" }, agent: { role: "agent" }, pump: {}, valve: { strong: ["pump"] } }),
  );
  world.happen({ kind: "start", held: "the release is damaged" });
  world.settle();
  expect(["log", "agent", "pump", "valve"].map((name) => world.phase(name))).toEqual([
    "ready",
    "ready",
    "held",
    "held",
  ]);
  expect(world.record("pump")?.lastReason).toBe("pump is held: the release is damaged");
  world.happen({ kind: "restart", component: "pump", reason: "a person wants it" });
  world.happen({ kind: "safe-mode-elapsed" });
  world.settle();
  expect(world.phase("pump")).toBe("held");
  expect(world.effects.filter(({ kind }) => kind === "escalate")).toEqual([]);
});
