import fc from "fast-check";
import { expect, test } from "vitest";
import { quotaPercent, settingsV1, settingsV2 } from "./limits.ts";

const limits = { memoryBytes: 32 * 1024 ** 2, processes: 32, cpu: { class: "fair", weight: 100 } } as const;
const cpu = fc.oneof(
  fc.record({
    class: fc.constant("fair" as const),
    weight: fc.integer({ min: 1, max: 10_000 }),
    quotaPercent: fc.integer({ min: 1, max: 10_000 }),
  }),
  fc.record({
    class: fc.constant("deadline" as const),
    budgetUs: fc.integer({ min: 1, max: 10_000_000 }),
    periodUs: fc.integer({ min: 1, max: 10_000_000 }),
  }),
);

test("[K8] version 2: memory without swap, tasks, weight, no quota unless asked for", () => {
  expect(settingsV2(limits).map(({ file, value }) => `${file}=${value}`)).toEqual([
    "memory.max=33554432",
    "memory.swap.max=0",
    "memory.oom.group=1",
    "pids.max=32",
    "cpu.weight=100",
    "cpu.max=max 100000",
  ]);
});

test("[K8] version 1: the same in its own words", () => {
  const settings = settingsV1({ ...limits, cpu: { class: "fair", weight: 200, quotaPercent: 20 } });
  expect(settings.memory.map(({ value }) => value)).toEqual(["33554432", "33554432"]);
  expect(settings.pids).toEqual([{ file: "pids.max", value: "32" }]);
  expect(settings.cpu.map(({ value }) => value)).toEqual(["2048", "100000", "20000"]);
});

test("[K6] version 1 says 'no quota' with -1", () => {
  expect(settingsV1(limits).cpu).toContainEqual({ file: "cpu.cfs_quota_us", value: "-1" });
});

test("[K6] a deadline component is bounded by its budget, but never so far that it cannot start", () => {
  expect(quotaPercent({ class: "deadline", budgetUs: 40_000, periodUs: 50_000 })).toBe(80);
  expect(quotaPercent({ class: "deadline", budgetUs: 2_000, periodUs: 50_000 })).toBe(25);
});

test("[K8] whatever a manifest says is within what the kernel accepts", () => {
  fc.assert(
    fc.property(cpu, (value) => {
      const written = Object.fromEntries(
        settingsV1({ ...limits, cpu: value }).cpu.map((s) => [s.file, Number(s.value)]),
      );
      expect(written["cpu.shares"]).toBeGreaterThanOrEqual(2);
      expect(written["cpu.shares"]).toBeLessThanOrEqual(262_144);
      expect(written["cpu.cfs_quota_us"]).toBeGreaterThanOrEqual(1000);
    }),
  );
});
