/** The report: what the manifest declares for each component beside what the kernel says that it enforces. */
import type { Resources } from "@bulkhead/protocol";
import { readCgroup } from "../sandbox/cgroup/read.ts";
import { type Declared, describeCpu } from "./declared.ts";

/**
 * Reads the groups below `root` (as the root server mounted them) for every declared component. Never throws: what
 * cannot be read is null. `none` says that for no component any limit is enforced.
 */
export async function reportLimits(root: string, declared: Readonly<Record<string, Declared>>): Promise<Resources> {
  const readings = await Promise.all(
    Object.entries(declared).map(async ([name, limits]) => ({ name, limits, reading: await readCgroup(root, name) })),
  );
  return {
    cgroup: readings.find(({ reading }) => reading.version !== "none")?.reading.version ?? "none",
    components: readings.map(({ name, limits, reading }) => ({
      name,
      declared: { memoryBytes: limits.memoryBytes, cpu: describeCpu(limits.cpu), processes: limits.processes },
      enforced: reading.enforced,
      used: reading.used,
    })),
  };
}
