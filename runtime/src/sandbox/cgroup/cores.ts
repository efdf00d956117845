/**
 * Binds a component's control group to processor cores (K20), and for class `deadline` takes them from everybody else.
 *
 * Exclusive cores are a "remote partition" (Documentation/admin-guide/cgroup-v2.rst, cpuset.cpus.partition; Linux 6.7):
 * a scheduling domain of its own, without which the kernel refuses a deadline to a task that may not run on every core.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { access, mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import type { SandboxSpec } from "../spec.ts";
import { formatCores, isSameCores, parseCores } from "./core-list.ts";
import { type CgroupHost, ownRoot } from "./host.ts";
import { ancestorsBelow, enableControllers, writeSetting } from "./write.ts";

type Placement = Pick<SandboxSpec["limits"], "cores" | "cpu">;

/** True where the component is to have its cores for itself. */
export function isExclusive({ cores = [], cpu }: Placement): boolean {
  return cpu.class === "deadline" && cores.length > 0;
}

/** Of a group that was made, before anything joins it. Does nothing where cores are not asked for or cannot be had. */
export async function placeGroup(host: CgroupHost, group: string, placement: Placement): Promise<void> {
  const { cores = [] } = placement;
  if (cores.length === 0 || host.version === "none" || !host.cpuset) return;
  const list = formatCores(cores);
  if (host.version === "v1") return placeV1(host.cpuset, group, list);
  const directory = join(host.mount, ownRoot, group);
  await enableControllers(host.mount, dirname(directory), ["cpuset"]);
  await writeSetting(directory, "cpuset.cpus", list);
  if (!isExclusive(placement) || !(await exists(join(directory, exclusiveFile)))) return;
  for (const level of ancestorsBelow(host.mount, directory)) claim(join(level, exclusiveFile), cores);
  await writeSetting(directory, "cpuset.cpus.partition", "root");
}

const exclusiveFile = "cpuset.cpus.exclusive";

/** What a group may take for itself is within what its parent may. In one go: another start may do the same. */
function claim(file: string, cores: readonly number[]): void {
  try {
    writeFileSync(file, formatCores([...parseCores(readFileSync(file, "utf8")), ...cores]));
  } catch (cause) {
    throw new BulkheadError("SANDBOX_UNAVAILABLE", `the kernel does not give the cores ${formatCores(cores)} away`, {
      cause,
      remedy: "look for a component, or another control group, that is bound to just these cores",
    });
  }
}

/** Version 1 starts a group with no cores and no memory at all, and takes a process only into one that has both. */
async function placeV1(mount: string, group: string, list: string): Promise<void> {
  const directory = join(mount, ownRoot, group);
  await mkdir(directory, { recursive: true });
  for (const level of ancestorsBelow(mount, directory)) {
    for (const file of ["cpuset.mems", "cpuset.cpus"]) {
      const above = (await readFile(join(dirname(level), file), "utf8")).trim();
      const isEmpty = (await readFile(join(level, file), "utf8")).trim() === "";
      if (isEmpty) await writeSetting(level, file, above);
    }
  }
  await writeSetting(directory, "cpuset.cpus", list);
}

/** The directory of version 1 that a group has beyond its others; version 2 has one for everything. */
export async function coreDirectories(host: CgroupHost, group: string): Promise<string[]> {
  if (host.version !== "v1" || !host.cpuset) return [];
  const directory = join(host.cpuset, ownRoot, group);
  return (await exists(directory)) ? [directory] : [];
}

/** Whether process `pid` may run on exactly its cores, and alone on them where that was asked for. */
export async function readPlacement(
  pid: number,
  host: CgroupHost,
  group: string,
  placement: Placement,
): Promise<"applied" | "unavailable" | "not-asked"> {
  const { cores = [] } = placement;
  if (cores.length === 0) return "not-asked";
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const allowed = parseCores(/^Cpus_allowed_list:\s+(.*)$/m.exec(status)?.[1] ?? "");
  if (!isSameCores(allowed, cores)) return "unavailable";
  if (!isExclusive(placement) || host.version !== "v2") return "applied";
  const file = join(host.mount, ownRoot, group, "cpuset.cpus.partition");
  const partition = await readFile(file, "utf8").catch(() => "");
  return partition.trim() === "root" ? "applied" : "unavailable";
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
