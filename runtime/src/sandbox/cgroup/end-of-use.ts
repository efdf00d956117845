/** What a control group has counted when its last process has gone: read before it is removed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EndOfUse } from "../spec.ts";
import { type CgroupHost, ownRoot } from "./host.ts";

/** Where a count stands: the hierarchy of version 1 that has it, the file, and the number in it. */
type Place = { readonly in: "memory" | "pids" | "cpu" | "cpuacct"; readonly file: string; readonly number: RegExp };
type Places = { readonly [K in keyof EndOfUse]: Place };

const alone = /^(\d+)$/m;

/** cgroup-v2.rst, sections "Memory", "PID" and "CPU" of the interface files. */
const placesV2: Places = {
  memoryPeakBytes: { in: "memory", file: "memory.peak", number: alone },
  outOfMemoryKills: { in: "memory", file: "memory.events", number: /^oom_kill (\d+)$/m },
  memoryLimitHits: { in: "memory", file: "memory.events", number: /^max (\d+)$/m },
  cpuUs: { in: "cpu", file: "cpu.stat", number: /^usage_usec (\d+)$/m },
  throttled: { in: "cpu", file: "cpu.stat", number: /^nr_throttled (\d+)$/m },
  processesPeak: { in: "pids", file: "pids.peak", number: alone },
  processLimitHits: { in: "pids", file: "pids.events", number: /^max (\d+)$/m },
};

/** cgroup-v1/memory.rst, section 10; cgroup-v1/pids.rst; cgroup-v1/cpuacct.rst, whose usage is in nanoseconds. */
const placesV1: Places = {
  ...placesV2,
  memoryPeakBytes: { in: "memory", file: "memory.max_usage_in_bytes", number: alone },
  outOfMemoryKills: { in: "memory", file: "memory.oom_control", number: /^oom_kill (\d+)$/m },
  memoryLimitHits: { in: "memory", file: "memory.failcnt", number: alone },
  cpuUs: { in: "cpuacct", file: "cpuacct.usage", number: /^(\d+)\d{3}$/m },
};

export const nothingCounted: EndOfUse = {
  memoryPeakBytes: null,
  outOfMemoryKills: null,
  memoryLimitHits: null,
  cpuUs: null,
  throttled: null,
  processesPeak: null,
  processLimitHits: null,
};

/** Synchronous: a few small reads of kernel memory, on the way from a crash to the next incarnation. */
export function readEndOfUse(host: CgroupHost, group: string): EndOfUse {
  const places = host.version === "v1" ? placesV1 : placesV2;
  const read = (name: keyof EndOfUse) => {
    const mount = mountOf(host, places[name].in);
    return mount === null ? null : numberIn(join(mount, ownRoot, group, places[name].file), places[name].number);
  };
  return {
    memoryPeakBytes: read("memoryPeakBytes"),
    outOfMemoryKills: read("outOfMemoryKills"),
    memoryLimitHits: read("memoryLimitHits"),
    cpuUs: read("cpuUs"),
    throttled: read("throttled"),
    processesPeak: read("processesPeak"),
    processLimitHits: read("processLimitHits"),
  };
}

function mountOf(host: CgroupHost, controller: Place["in"]): string | null {
  if (host.version === "v2") return host.mount;
  return host.version === "v1" ? host.mounts[controller] : null;
}

function numberIn(path: string, pattern: RegExp): number | null {
  try {
    const found = pattern.exec(readFileSync(path, "utf8"))?.[1];
    return found === undefined ? null : Number(found);
  } catch {
    return null;
  }
}
