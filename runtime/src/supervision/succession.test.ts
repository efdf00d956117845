/** What supervision does when one system gives way to the next and some components go on. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { sketchPlan } from "./testing/plan.ts";
import { started } from "./testing/started.ts";
import { makeWorld, type World } from "./testing/world.ts";

const before = {
  log: { role: "core" },
  gpio: { role: "driver" },
  sensor: {},
  pump: { strong: ["gpio"], weak: ["sensor"], spare: true },
  old: { strong: ["sensor"] },
} as const;
const { old: _, ...others } = before;
const after = sketchPlan({ ...others, young: { strong: ["sensor"] } });
const staying = ["log", "gpio", "pump"];

function yielded(world: World, stays: readonly string[] = staying): void {
  world.happen({ kind: "give-way", staying: stays, reason: "generation 2 takes over" });
  world.settle();
}

test("[K17] who stays keeps its process, who leaves ends in order, and nothing is started between the two systems", () => {
  const world = started(before);
  const kept = staying.map((name) => world.incarnationOf(name));
  world.happen({ kind: "give-way", staying, reason: "generation 2 takes over" });
  expect([world.process("old")?.asked, world.process("sensor")?.asked]).toEqual([true, false]);
  world.settle();
  expect(world.state().mode).toBe("yielded");
  expect(world.processes()).toEqual(staying);
  expect(world.spares.idOf("pump")).toBeGreaterThan(0);
  world.happen({ kind: "take-over", plan: after, reason: "generation 2 took over" });
  world.settle();
  expect(world.state().mode).toBe("running");
  expect(staying.map((name) => world.incarnationOf(name))).toEqual(kept);
  expect(["sensor", "young", "old"].map((name) => world.phase(name))).toEqual(["ready", "ready", undefined]);
  expect(world.record("sensor")).toMatchObject({
    incarnation: 2,
    lastReason: "sensor restarted: generation 2 took over",
  });
});

test("[K17] a client that stays hears that its provider went and came back, as another incarnation", () => {
  const world = started(before);
  const from = world.effects.length;
  yielded(world);
  world.happen({ kind: "take-over", plan: after, reason: "generation 2 took over" });
  world.settle();
  const heard = world.effects
    .slice(from)
    .flatMap((effect) => (effect.kind === "tell-peer" && effect.component === "pump" ? [effect] : []));
  expect(heard.map(({ name, up, peerIncarnation }) => [name, up, peerIncarnation])).toEqual([
    ["sensor", false, 1],
    ["sensor", true, 2],
  ]);
});

test("[K17] who stays and crashes meanwhile is started when the next system is in force, and not before", () => {
  const world = started(before);
  yielded(world);
  world.exit("gpio");
  world.settle();
  expect([world.phase("gpio"), world.phase("pump")]).toEqual(["waiting", "waiting"]);
  world.happen({ kind: "take-over", plan: after, reason: "generation 2 took over" });
  world.settle();
  expect([world.phase("gpio"), world.phase("pump")]).toEqual(["ready", "ready"]);
});

test("[K17] a stop in the middle ends everything", () => {
  for (const isThere of [false, true]) {
    const world = started(before);
    world.happen({ kind: "give-way", staying, reason: "generation 2 takes over" });
    if (isThere) world.settle();
    world.happen({ kind: "stop", reason: "it could not" });
    world.settle();
    expect(world.state().mode).toBe("idle");
    expect(world.processes()).toEqual([]);
  }
});

const names = ["a", "b", "c", "d", "e"];
const sketches = fc.tuple(
  ...names.map((_name, index) =>
    fc.record({
      role: fc.constantFrom("application" as const, "driver" as const, "core" as const),
      strong: fc.subarray(names.slice(0, index), { maxLength: Math.min(index, 2) }),
      weak: fc.subarray(names, { maxLength: 1 }),
      spare: fc.boolean(),
      restart: fc.record({
        intensity: fc.integer({ min: 0, max: 2 }),
        escalate: fc.constantFrom("group" as const, "safe-mode" as const),
      }),
    }),
  ),
);

test("[K17] whatever happens meanwhile, the next system comes to run whole, and each component has one process", () => {
  fc.assert(
    fc.property(
      sketches,
      fc.subarray(names),
      fc.array(fc.tuple(fc.nat(4), fc.constantFrom(...names)), { maxLength: 30 }),
      (sketch, stays, moments) => {
        const plan = sketchPlan(Object.fromEntries(sketch.map((one, index) => [names[index], one])));
        const world = makeWorld(plan);
        world.happen({ kind: "start" });
        world.settle();
        world.happen({ kind: "give-way", staying: stays, reason: "another takes over" });
        for (const [step, name] of moments) {
          if (step === 0) world.built(name);
          else if (step === 1) world.ready(name);
          else if (step === 2) world.elapse(name);
          else if (step === 3) world.spares.obey(name);
          else world.exit(name);
        }
        // Whoever crashes after that crashes under the next system, whose trial it is.
        world.settle();
        expect(world.state().mode).toBe("yielded");
        expect(world.processes().filter((name) => !stays.includes(name))).toEqual([]);
        world.happen({ kind: "take-over", plan, reason: "another took over" });
        world.settle();
        expect(names.map((name) => world.phase(name))).toEqual(names.map(() => "ready"));
      },
    ),
    { numRuns: 300 },
  );
});
