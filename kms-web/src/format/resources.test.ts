import type { ComponentResources } from "@bulkhead/protocol";
import { expect, test } from "vitest";
import { describeShare, formatCpuTime, hadProcess, judgeLimit, sumMemory } from "./resources.ts";

test("[K21] processor time is told as precisely as it matters", () => {
  const told = [0, 250_000, 9_990_000, 12_340_000, 200_000_000, 18_720_000_000].map(formatCpuTime);
  expect(told).toEqual(["0.00 s", "0.25 s", "9.99 s", "12.3 s", "3 min 20 s", "5 h 12 min"]);
});

test("[K8] a limit is held only where the kernel allows no more than was declared", () => {
  // The kernel rounds limits down to whole pages.
  expect([null, 4096, 5000, 8192].map((enforced) => judgeLimit(enforced, 5000))).toEqual([
    "not enforced",
    "held",
    "held",
    "looser",
  ]);
});

test("[K6] the processor share is told as it is enforced", () => {
  const none = { memoryBytes: null, cpuWeight: null, cpuQuotaPercent: null, processes: null };
  expect(describeShare(none)).toBeUndefined();
  expect(describeShare({ ...none, cpuWeight: 100 })).toBe("weight 100");
  expect(describeShare({ ...none, cpuWeight: 50, cpuQuotaPercent: 25 })).toBe("weight 50, at most 25 % of a core");
});

test("[K21] memory is summed up, and not at all where one component's is not known", () => {
  const component = (usedBytes: number | null): ComponentResources => ({
    name: "climate",
    declared: { memoryBytes: 100, cpu: "weight 100", processes: 1, openFiles: 256 },
    enforced: { memoryBytes: null, cpuWeight: null, cpuQuotaPercent: null, processes: null },
    used: { memoryBytes: usedBytes, cpuUs: null, processes: null, openFiles: null },
  });
  expect(sumMemory([component(1), component(2)])).toEqual({ used: 3, declared: 200 });
  expect(sumMemory([component(1), component(null)])).toEqual({ used: null, declared: 200 });
});

test("[K8] a component that was not started yet is told from one that nothing holds", () => {
  const none = { memoryBytes: null, cpuWeight: null, cpuQuotaPercent: null, processes: null };
  const declared = { memoryBytes: 100, cpu: "weight 100", processes: 1, openFiles: 256 };
  const unused = { memoryBytes: null, cpuUs: null, processes: null, openFiles: null };
  const of = (used: ComponentResources["used"]) => ({ name: "climate", declared, enforced: none, used });
  expect(hadProcess("v2", of(unused))).toBe(false);
  expect(hadProcess("v2", of({ memoryBytes: 0, cpuUs: 0, processes: 0, openFiles: null }))).toBe(false);
  expect(hadProcess("v2", of({ memoryBytes: 5, cpuUs: 1, processes: 3, openFiles: null }))).toBe(true);
  expect(hadProcess("none", of(unused))).toBe(true);
});
