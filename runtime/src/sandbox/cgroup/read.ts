/** Reads back what the kernel enforces for a component and what it has used. For the scheduler server and `verify`. */
import { mkdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Mount } from "../spec.ts";
import { type CgroupHost, groupDirectories, ownRoot } from "./host.ts";

/** null stands for "the kernel enforces nothing", and for "not known" in `used`. */
export type CgroupReading = {
  version: "v2" | "v1" | "none";
  enforced: {
    memoryBytes: number | null;
    cpuWeight: number | null;
    cpuQuotaPercent: number | null;
    processes: number | null;
  };
  used: { memoryBytes: number | null; cpuUs: number | null; processes: number | null };
};

/** Version 1 says "no limit" with the largest multiple of a page below 2^63; nothing real comes near 2^60. */
const noLimitBytes = 2 ** 60;

/**
 * Read-only mounts that show an instance's groups inside a sandbox as `readCgroup` wants them: `<target>` for version
 * 2, `<target>/<controller>` for version 1, nothing where there are none. Makes the instance's directories.
 */
export async function cgroupMounts(host: CgroupHost, instance: string, target: string): Promise<Mount[]> {
  for (const directory of groupDirectories(host, instance)) await mkdir(directory, { recursive: true });
  if (host.version === "none") return [];
  if (host.version === "v2") return [{ kind: "ro", source: join(host.mount, ownRoot, instance), target }];
  return Object.entries(host.mounts).flatMap(([controller, mount]): Mount[] =>
    mount === null ? [] : [{ kind: "ro", source: join(mount, ownRoot, instance), target: join(target, controller) }],
  );
}

/**
 * Reads the group of `component` below `root`, laid out as `cgroupMounts` does. Never throws: what cannot be read is
 * null, and `none` says that no group was found.
 */
export async function readCgroup(root: string, component: string): Promise<CgroupReading> {
  const name = basename(component);
  const v2 = await readV2(join(root, name));
  return v2 ?? (await readV1((controller) => join(root, controller, name)));
}

async function readV2(directory: string): Promise<CgroupReading | null> {
  const memoryMax = await readText(join(directory, "memory.max"));
  if (memoryMax === null) return null;
  const [quota, period] = ((await readText(join(directory, "cpu.max"))) ?? "max").split(" ");
  const usage = /^usage_usec (\d+)$/m.exec((await readText(join(directory, "cpu.stat"))) ?? "")?.[1];
  return {
    version: "v2",
    enforced: {
      memoryBytes: toNumber(memoryMax),
      cpuWeight: toNumber(await readText(join(directory, "cpu.weight"))),
      cpuQuotaPercent: toPercent(toNumber(quota), toNumber(period)),
      processes: toNumber(await readText(join(directory, "pids.max"))),
    },
    used: {
      memoryBytes: toNumber(await readText(join(directory, "memory.current"))),
      cpuUs: toNumber(usage),
      processes: toNumber(await readText(join(directory, "pids.current"))),
    },
  };
}

async function readV1(directoryOf: (controller: string) => string): Promise<CgroupReading> {
  const read = async (controller: string, file: string) =>
    toNumber(await readText(join(directoryOf(controller), file)));
  const memoryBytes = await read("memory", "memory.limit_in_bytes");
  const shares = await read("cpu", "cpu.shares");
  const quotaUs = await read("cpu", "cpu.cfs_quota_us");
  const usedNs = await read("cpuacct", "cpuacct.usage");
  return {
    version: memoryBytes === null ? "none" : "v1",
    enforced: {
      memoryBytes: memoryBytes !== null && memoryBytes >= noLimitBytes ? null : memoryBytes,
      // 1024 shares are weight 100 of version 2 and of the manifest.
      cpuWeight: shares === null ? null : Math.round((shares * 100) / 1024),
      cpuQuotaPercent: toPercent(quotaUs, await read("cpu", "cpu.cfs_period_us")),
      processes: await read("pids", "pids.max"),
    },
    used: {
      memoryBytes: await read("memory", "memory.usage_in_bytes"),
      cpuUs: usedNs === null ? null : Math.round(usedNs / 1000),
      processes: await read("pids", "pids.current"),
    },
  };
}

async function readText(path: string): Promise<string | null> {
  return readFile(path, "utf8").then(
    (text) => text.trim(),
    () => null,
  );
}

/** `max` and everything else that is no number is null. */
function toNumber(text: string | null | undefined): number | null {
  return text !== null && text !== undefined && /^-?\d+$/.test(text) ? Number(text) : null;
}

function toPercent(quotaUs: number | null, periodUs: number | null): number | null {
  return quotaUs === null || quotaUs < 0 || !periodUs ? null : Math.round((quotaUs * 100) / periodUs);
}
