/**
 * Limits of a manifest as what is written into a control group. Pure.
 *
 * Sources: Linux Documentation/admin-guide/cgroup-v2.rst; for version 1 cgroup-v1/memory.rst, cgroup-v1/pids.rst,
 * scheduler/sched-design-CFS.rst, scheduler/sched-bwc.rst.
 */
import type { SandboxSpec } from "../spec.ts";
import type { CgroupV1 } from "./host.ts";

type Limits = SandboxSpec["limits"];
/** One write. `optional`: the kernel may be built without it, and nothing is promised that needs it. */
export type Setting = { file: string; value: string; optional?: true };

/** The kernel's default period; quotas are a share of it. */
const periodUs = 100_000;
/** The kernel refuses quotas below a millisecond. */
const leastQuotaUs = 1000;
/** The kernel's default weight, in version 2. */
const defaultWeight = 100;
/** What version 1 calls 1024 shares is weight 100 in version 2. */
const sharesPerWeight = 1024 / 100;
/**
 * A component of class `deadline` is bounded by a quota until the deadline scheduler bounds it. Its budget is for its
 * steady work; starting Node alone takes 30-60 ms of processor time, hence no less than this share.
 */
const leastDeadlineSharePercent = 25;

/** Share of one processor in percent, or null for no bound. */
export function quotaPercent(cpu: Limits["cpu"]): number | null {
  if (cpu.class === "fair") return cpu.quotaPercent ?? null;
  return Math.max(leastDeadlineSharePercent, Math.ceil((cpu.budgetUs * 100) / cpu.periodUs));
}

const weightOf = (cpu: Limits["cpu"]) => (cpu.class === "fair" ? cpu.weight : defaultWeight);

function quotaUs(cpu: Limits["cpu"]): number | null {
  const percent = quotaPercent(cpu);
  return percent === null ? null : Math.max(leastQuotaUs, Math.round((percent * periodUs) / 100));
}

/** Settings for the one directory of version 2. */
export function settingsV2(limits: Limits): Setting[] {
  return [
    { file: "memory.max", value: String(limits.memoryBytes) },
    // Swapping instead of ending would move the cost of one component to all others.
    { file: "memory.swap.max", value: "0", optional: true },
    { file: "memory.oom.group", value: "1", optional: true },
    { file: "pids.max", value: String(limits.processes) },
    { file: "cpu.weight", value: String(weightOf(limits.cpu)) },
    { file: "cpu.max", value: `${quotaUs(limits.cpu) ?? "max"} ${periodUs}` },
  ];
}

/** Settings for version 1, keyed by controller. */
export function settingsV1(limits: Limits): Record<Exclude<keyof CgroupV1["mounts"], "cpuacct">, Setting[]> {
  // 2 and 262144 are the bounds that the kernel clamps shares to.
  const shares = Math.min(262_144, Math.max(2, Math.round(weightOf(limits.cpu) * sharesPerWeight)));
  return {
    memory: [
      { file: "memory.limit_in_bytes", value: String(limits.memoryBytes) },
      // Memory and swap together, so nothing is swapped. Only there with swap accounting, only valid after the line above.
      { file: "memory.memsw.limit_in_bytes", value: String(limits.memoryBytes), optional: true },
    ],
    pids: [{ file: "pids.max", value: String(limits.processes) }],
    cpu: [
      { file: "cpu.shares", value: String(shares) },
      { file: "cpu.cfs_period_us", value: String(periodUs) },
      { file: "cpu.cfs_quota_us", value: String(quotaUs(limits.cpu) ?? -1) },
    ],
  };
}
