/** The report: what the manifest declares for each component beside what the kernel says that it enforces. */
import type { Resources } from "@bulkhead/protocol";
import { type CgroupReading, readCgroup } from "../sandbox/cgroup/read.ts";
import { type Declared, describeCpu } from "./declared.ts";

/**
 * Reads the groups below `root` (as the root server mounted them) for every declared component. Never throws: what
 * cannot be read is null. `openFiles`: as the root server counted them. `none` says that for no component any limit is enforced.
 */
export async function reportLimits(
  root: string,
  declared: Readonly<Record<string, Declared>>,
  openFiles: Readonly<Record<string, number>> = {},
): Promise<Resources> {
  const readings = await Promise.all(
    Object.entries(declared).map(async ([name, limits]) => ({ name, limits, reading: await readBoth(root, name) })),
  );
  return {
    cgroup: readings.find(({ reading }) => reading.version !== "none")?.reading.version ?? "none",
    components: readings.map(({ name, limits, reading }) => ({
      name,
      declared: describeLimits(limits),
      enforced: reading.enforced,
      used: { ...reading.used, openFiles: Object.hasOwn(openFiles, name) ? (openFiles[name] ?? null) : null },
    })),
  };
}

/** A spare has the same limits once more; that of open files is of one process. */
function describeLimits({
  memoryBytes,
  cpu,
  processes,
  openFiles,
  spare,
}: Declared): Resources["components"][number]["declared"] {
  const times = spare ? 2 : 1;
  return { memoryBytes: times * memoryBytes, cpu: describeCpu(cpu), processes: times * processes, openFiles };
}

/** The component and its spare, whose groups are `<name>` and `<name>.spare`, whichever of them is which now. */
async function readBoth(root: string, name: string): Promise<CgroupReading> {
  const [one, other] = await Promise.all([readCgroup(root, name), readCgroup(root, `${name}.spare`)]);
  if (other.version === "none") return one;
  if (one.version === "none") return other;
  const { enforced: a, used: u } = one;
  const { enforced: b, used: v } = other;
  return {
    version: one.version,
    enforced: { ...a, memoryBytes: sum(a.memoryBytes, b.memoryBytes), processes: sum(a.processes, b.processes) },
    used: {
      memoryBytes: sum(u.memoryBytes, v.memoryBytes),
      cpuUs: sum(u.cpuUs, v.cpuUs),
      processes: sum(u.processes, v.processes),
    },
  };
}

const sum = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? null : one + other;
