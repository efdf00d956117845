import fc from "fast-check";
import { expect, test } from "vitest";
import { sketchPlan } from "./testing/plan.ts";
import { makeWorld, type World } from "./testing/world.ts";

const names = ["a", "b", "c", "d", "e", "f"];
const roles = ["application", "driver", "agent", "core"] as const;

const rungs = ["group", "group", "safe-mode", "previous-generation", "reboot"] as const;

/** Random systems: each component may depend on those before it; weak edges go anywhere. */
const plans = fc
  .tuple(
    ...names.map((_, index) =>
      fc.record({
        role: fc.constantFrom(...roles),
        strong: fc.subarray(names.slice(0, index), { maxLength: Math.min(index, 2) }),
        weak: fc.subarray(names, { maxLength: 2 }),
        restart: fc.record({
          policy: fc.constantFrom(
            "permanent" as const,
            "permanent" as const,
            "transient" as const,
            "temporary" as const,
          ),
          intensity: fc.integer({ min: 0, max: 3 }),
          hold: fc.constantFrom(false, false, false, true),
          escalate: fc.constantFrom(...rungs),
        }),
        spare: fc.boolean(),
      }),
    ),
  )
  .map((sketches) => sketchPlan(Object.fromEntries(sketches.map((sketch, index) => [names[index], sketch]))));

/** One thing that happens to one component; what does not fit the state is nothing, or a late word. */
const steps: readonly ((world: World, name: string, number: number) => void)[] = [
  (world, name) => world.built(name),
  (world, name) => world.built(name),
  (world, name) => world.ready(name),
  (world, name) => world.ready(name),
  (world, name, number) => void world.exit(name, { code: number % 3, signal: null }, number / 100),
  (world, name) => world.elapse(name),
  (world, name) => world.elapse(name),
  (_world, _name, _number) => _world.pass(_number * 300),
  (world, name) => void world.happen({ kind: "heartbeat", component: name, incarnation: world.incarnationOf(name) }),
  (world, name, number) => void world.happen({ kind: "ready", component: name, incarnation: number % 4 }),
  (world, name) =>
    void world.happen({ kind: "misbehaved", component: name, incarnation: world.incarnationOf(name), reason: "x" }),
  (world, name) => void world.happen({ kind: "restart", component: name, reason: "asked for" }),
  (world, name) => world.spares.obey(name),
  (world, name) => world.spares.built(name),
  (world, name) => world.spares.standBy(name),
  (world, name, number) => world.spares.exit(name, { code: number % 3, signal: null }, number / 100),
  (world, name) => world.spares.elapse(name),
  (world, name) =>
    world.happen({ kind: "spare-misbehaved", component: name, spare: world.spares.idOf(name), reason: "x" }),
  (world) => void world.safeModeElapse(),
];
const history = fc.array(fc.tuple(fc.nat(steps.length - 1), fc.constantFrom(...names), fc.nat(99)), { maxLength: 80 });

function live(world: World, moments: readonly (readonly [number, string, number])[]): void {
  world.happen({ kind: "start" });
  // The world asserts after each step: one process per component and at most one that stands by, rising incarnations,
  // nobody ready without its strong providers, only core servers and agent in safe mode, intensity, start before any
  // other message, one timer, silence of what has ended.
  for (const [step, name, number] of moments) steps[step]?.(world, name, number);
}

function sparesAtRest(declared: boolean, kind: string | undefined): readonly string[] {
  if (!declared || kind === "stopped" || kind === "held" || kind === "failed") return ["none"];
  // Behind a provider that a person holds it waits as its component does.
  return kind === "ready" ? ["standing-by"] : ["standing-by", "none"];
}

test("[K2] whatever happens, when it stops happening all that is permanent is ready, or failed with a reason", () => {
  fc.assert(
    fc.property(plans, history, (plan, moments) => {
      const world = makeWorld(plan);
      live(world, moments);
      world.settle();
      for (const name of plan.order) {
        const record = world.record(name);
        const { restart, strongProviders } = plan.components[name] ?? { restart: null, strongProviders: [] };
        const kind = record?.phase.kind;
        if (restart?.policy === "permanent" && strongProviders.every((provider) => world.phase(provider) === "ready")) {
          expect(["ready", "failed", "held"]).toContain(kind);
        }
        expect(["ready", "failed", "held", "stopped", "waiting"]).toContain(kind);
        if (kind === "failed") expect(record?.lastReason).toMatch(/because|given up after/);
        if (kind === "held") expect(record?.lastReason).toBeTruthy();
        expect(sparesAtRest(plan.components[name]?.spare === true, kind)).toContain(record?.spare.kind);
      }
    }),
    { numRuns: 400 },
  );
});

/** Lets one moment pass, and checks what it meant for the ladder. */
function climbOnce(world: World, [step, name, number]: readonly [number, string, number]): void {
  const before = world.state().ladder.safeMode;
  const from = world.effects.length;
  steps[step]?.(world, name, number);
  const { safeMode } = world.state().ladder;
  if (before) expect(safeMode).toEqual(before);
  for (const effect of world.effects.slice(from)) {
    if (effect.kind !== "escalate") continue;
    expect(effect.reason).not.toBe("");
    if (before) expect(["previous-generation", "reboot"]).toContain(effect.to);
    if (effect.to !== "group") expect(safeMode).not.toBeNull();
  }
}

test("[K2] the ladder is climbed upwards: what follows safe mode reaches further, and nothing leads out of it", () => {
  fc.assert(
    fc.property(plans, history, (plan, moments) => {
      const world = makeWorld(plan);
      world.happen({ kind: "start" });
      for (const moment of moments) climbOnce(world, moment);
    }),
    { numRuns: 300 },
  );
});

test("[K2] whatever happens, a stop ends everything and a stopped system stays silent", () => {
  fc.assert(
    fc.property(plans, history, history, (plan, moments, late) => {
      const world = makeWorld(plan);
      live(world, moments);
      world.happen({ kind: "stop", reason: "the end" });
      for (const [step, name, number] of late) steps[step]?.(world, name, number);
      world.settle();
      expect(world.state().mode).toBe("idle");
      expect(world.processes()).toEqual([]);
      for (const [step, name, number] of late) steps[step]?.(world, name, number);
    }),
    { numRuns: 300 },
  );
});
