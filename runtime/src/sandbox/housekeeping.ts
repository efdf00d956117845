/** Keeps the root server, and what it starts, to some cores; the control group of a component with cores of its own takes it there. */
import { readFile } from "node:fs/promises";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import { formatCores } from "./cgroup/core-list.ts";
import type { HostCapabilities } from "./host.ts";
import { findProgram, programEnvironment } from "./programs.ts";

/** What this process could run on before it was first kept to anything. */
let before: string | undefined;

/**
 * Binds all threads of this process to `cores`; empty: to what it could run on at first. Does nothing where components
 * cannot be placed, for those with cores of their own would be kept from them. Throws SANDBOX_UNAVAILABLE where the
 * kernel refuses.
 */
export async function keepToCores(cores: readonly number[], { cgroup }: HostCapabilities): Promise<void> {
  if (cgroup.version === "none" || !cgroup.cpuset) return;
  if (cores.length === 0 && before === undefined) return;
  const status = await readFile("/proc/self/status", "utf8");
  before ??= /^Cpus_allowed_list:\s+(.*)$/m.exec(status)?.[1] ?? "";
  const list = cores.length > 0 ? formatCores(cores) : before;
  const taskset = await findProgram("taskset", "util-linux");
  const bind = execa(taskset, ["--all-tasks", "--cpu-list", "--pid", list, String(process.pid)], {
    env: programEnvironment,
    extendEnv: false,
  });
  await bind.catch((error: Error) => {
    throw new BulkheadError("SANDBOX_UNAVAILABLE", `the runtime cannot be kept to the cores ${list}`, {
      cause: error,
      remedy: "see `housekeeping-cores` in the manifest, and which cores this machine has",
    });
  });
}
