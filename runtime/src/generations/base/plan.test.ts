/** What a generation's base system asks of the board's slots, for every way in which records can stand to each other. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { RunningSlot, SlotRecord } from "../../board/index.ts";
import type { GenerationRecord } from "../record.ts";
import { planBase } from "./plan.ts";

const [old, fresh] = ["a".repeat(64), "b".repeat(64)];
const running: RunningSlot = { slot: "a", other: "b", base: old, asTrial: false };
const settled: SlotRecord = { turn: "0", current: "a" };
const tried: SlotRecord = { turn: "1", current: "a", trying: "b", tries: "ii" };
const needs = { digest: fresh, named: true };
const holds = { a: old, b: fresh };

test("[M11] a generation runs where its base system does, or where it needs none", () => {
  expect(planBase({}, undefined, running, settled)).toBe("go");
  expect(planBase({}, { digest: old, named: true }, running, settled)).toBe("go");
});

test("[M11] of a generation in charge the slot that has used up its tries gets them again, three times, where its release names the base system", () => {
  const known = { holds, armed: { slot: "b", digest: fresh } } as const;
  expect(planBase(known, needs, running, settled, true)).toBe("arm");
  expect(planBase({ ...known, restarts: 3 }, needs, running, settled, true)).toBe("stuck");
  expect(planBase(known, { ...needs, named: false }, running, settled, true)).toBe("failed");
});

test("[M11] the other slot is tried where it holds what is needed, once; after its tries it has failed", () => {
  expect(planBase({ holds }, needs, running, settled)).toBe("arm");
  const armed = { slot: "b", digest: fresh } as const;
  expect(planBase({ holds, armed }, needs, running, tried)).toBe("restart");
  expect(planBase({ holds, armed }, needs, running, settled)).toBe("failed");
  // Armed for another base system than the one that is needed now.
  expect(planBase({ holds, armed: { slot: "b", digest: old } }, needs, running, settled)).toBe("arm");
  expect(planBase({ holds: { a: old } }, needs, running, settled)).toBe("absent");
});

test("[M11] a slot on trial that is not the one is left for the current one; where that cannot be loaded the board goes on", () => {
  const onTrial: RunningSlot = { slot: "b", other: "a", base: fresh, asTrial: true };
  expect(planBase({ holds }, { digest: old, named: true }, onTrial, tried)).toBe("return");
  expect(planBase({ holds }, { digest: old, named: true }, { ...onTrial, asTrial: false }, tried)).toBe("arm");
});

test("[M11] a board that was started again three times and is where it was is not started again", () => {
  const armed = { slot: "b", digest: fresh } as const;
  const onTrial: RunningSlot = { slot: "b", other: "a", base: fresh, asTrial: true };
  for (const [restarts, there, back] of [
    [2, "restart", "return"],
    [3, "stuck", "stuck"],
  ] as const) {
    expect(planBase({ holds, armed, restarts }, needs, running, tried)).toBe(there);
    expect(planBase({ holds, armed, restarts }, { digest: old, named: true }, onTrial, tried)).toBe(back);
  }
});

test("[M11] whatever the records say, a generation goes on nothing but its own base system, and a board starts again only for a slot that has tries", () => {
  const digest = fc.constantFrom(old, fresh);
  const slot = fc.constantFrom("a" as const, "b" as const);
  const anyHolds = fc.record({ a: digest, b: digest }, { requiredKeys: [] });
  const record = fc.record(
    { holds: anyHolds, armed: fc.record({ slot, digest }), restarts: fc.integer({ min: 1, max: 4 }) },
    { requiredKeys: [] },
  );
  const tries = fc.constantFrom("i" as const, "ii" as const, "iii" as const);
  const slots: fc.Arbitrary<SlotRecord> = fc.record(
    { turn: fc.constant("0" as const), current: slot, trying: slot, tries },
    { requiredKeys: ["turn", "current"] },
  );
  const where = fc
    .record({ slot, base: digest, asTrial: fc.boolean() })
    .map((one): RunningSlot => ({ ...one, other: one.slot === "a" ? "b" : "a" }));
  const mayArm = ({ armed }: Pick<GenerationRecord, "armed">, needed: string, other: string) =>
    armed?.slot !== other || armed.digest !== needed;
  const hasTries = (said: SlotRecord, other: string) => said.trying === other && said.tries !== undefined;
  fc.assert(
    fc.property(record, digest, where, slots, fc.boolean(), (known, needed, here, said, isInCharge) => {
      const plan = planBase(known, { digest: needed, named: true }, here, said, isInCharge);
      expect(plan === "go").toBe(needed === here.base);
      if (plan === "arm" || plan === "restart") expect(known.holds?.[here.other]).toBe(needed);
      const isAgain = plan === "arm" && !mayArm(known, needed, here.other);
      if (plan === "restart" || plan === "return" || isAgain) expect(known.restarts ?? 0).toBeLessThan(3);
      if (isAgain) expect(isInCharge).toBe(true);
      if (plan === "restart") expect(hasTries(said, here.other)).toBe(true);
      if (plan === "return") expect([here.asTrial, said.current]).toEqual([true, here.other]);
    }),
  );
});
