/** What a control group has counted when its last process has gone: read before it is removed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EndOfUse } from "../spec.ts";
import { type CgroupHost, ownRoot } from "./host.ts";

/** Synchronous: two small reads of kernel memory, on the way from a crash to the next incarnation. */
export function readEndOfUse(host: CgroupHost, group: string): EndOfUse {
  if (host.version === "none") return { memoryPeakBytes: null, outOfMemoryKills: null };
  const directory = join(host.version === "v2" ? host.mount : host.mounts.memory, ownRoot, group);
  const [events, peak] =
    host.version === "v2" ? ["memory.events", "memory.peak"] : ["memory.oom_control", "memory.max_usage_in_bytes"];
  return {
    // Both versions have a line `oom_kill <count>` (cgroup-v2.rst; cgroup-v1/memory.rst, section 10).
    outOfMemoryKills: numberIn(join(directory, events), /^oom_kill (\d+)$/m),
    memoryPeakBytes: numberIn(join(directory, peak), /^(\d+)$/m),
  };
}

function numberIn(path: string, pattern: RegExp): number | null {
  try {
    const found = pattern.exec(readFileSync(path, "utf8"))?.[1];
    return found === undefined ? null : Number(found);
  } catch {
    return null;
  }
}
