import { expect, test } from "vitest";
import { loadSystem } from "../check/load-system.ts";
import { exampleManifest } from "../locations.ts";
import { formatNeeds, needsOf } from "./table.ts";

const { plan, board } = loadSystem(exampleManifest);
const used = { memoryBytes: 20 * 1024 ** 2, cpuUs: 1_500_000, processes: 12, openFiles: 23 };
const measured = {
  cgroup: "v2" as const,
  components: [
    {
      name: "climate",
      declared: { memoryBytes: 1, cpu: "", processes: 1, openFiles: null },
      enforced: { memoryBytes: null, cpuWeight: null, cpuQuotaPercent: null, processes: null },
      used,
    },
  ],
};

test("[K5] needs are summed as the rules of the compiler sum them, spares and leases included", () => {
  const climate = plan.components["climate"];
  if (climate === undefined) throw new Error("the example has a component climate");
  const spared = { ...plan, components: { ...plan.components, climate: { ...climate, spare: true } } };
  const [first, ...others] = plan.channels;
  if (first === undefined) throw new Error("the example has channels");
  const leased = { ...spared, channels: [{ ...first, leaseBytes: 4096 }, ...others] };
  const [plain, more] = [needsOf(plan, board, null).sum, needsOf(leased, board, null).sum];
  expect(more.memoryBytes - plain.memoryBytes).toBe(climate.memoryBytes + 4096);
  expect(more.processes - plain.processes).toBe(climate.processes);
  expect(plain.storageBytes).toBe(plain.storeBytes);
});

test("[K5] the table has a line for every component and one for the sum beside the board", () => {
  const lines = formatNeeds(needsOf(plan, board, null), false).split("\n");
  expect(lines.length).toBe(1 + Object.keys(plan.components).length + 1 + 3);
  expect(lines.find((line) => line.startsWith("climate"))).toMatch(/^climate +48Mi +32 +256 +- +- +64Ki +weight 200$/);
  expect(lines.at(-1)).toMatch(
    /^board virtual has 2Gi of memory \(\d+ % promised\), 4Gi of storage \(0 % promised\), 2 cores$/,
  );
});

test("[K5] measured values stand beside the declared ones, and what is not measured is not made up", () => {
  const needs = needsOf(plan, board, measured);
  expect(needs.components.find(({ name }) => name === "climate")?.used).toEqual(used);
  expect(needs.sum.usedMemoryBytes).toBe(used.memoryBytes);
  const table = formatNeeds(needs, true);
  expect(table).toMatch(/climate +48Mi +20.0Mi +32 +12 +256 +23 .* 1.50 s/);
  expect(table).toMatch(/\nintruder +32Mi +- +32 +- /);
});

test("[K5] a deadline is a promise, told as its share of a core", () => {
  const climate = plan.components["climate"];
  if (climate === undefined) throw new Error("the example has a component climate");
  const cpu = { class: "deadline", budgetUs: 2000, periodUs: 50_000 } as const;
  const timed = { ...plan, components: { ...plan.components, climate: { ...climate, cpu, cores: [1] } } };
  const table = formatNeeds(needsOf(timed, undefined, null), false);
  expect(table).toContain("2 ms in every 50 ms, core 1");
  expect(table).toContain("4 % of a core promised");
});

test("[K10] the table says what a guest runs on", () => {
  const climate = plan.components["climate"];
  if (climate === undefined) throw new Error("the example has a component climate");
  const cpuOf = (more: object) => {
    const components = { ...plan.components, climate: { ...climate, ...more } };
    return needsOf({ ...plan, components }, board, null).components.find(({ name }) => name === "climate")?.cpu;
  };
  expect(cpuOf({ runner: "vm" })).toBe("weight 200, emulated guest");
  expect(cpuOf({ runner: "vm", kvm: "preferred" })).toBe("weight 200, guest by KVM or emulated");
  expect(cpuOf({ runner: "vm", kvm: "required" })).toBe("weight 200, guest by KVM");
});
