/** Finds the control group hierarchies that we may write to. */
import { constants } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";

/** The one directory of ours in each hierarchy. */
export const ownRoot = "bulkhead";

/** Version 1: a mount point per controller; some may share one. */
export type CgroupV1 = {
  version: "v1";
  mounts: { memory: string; pids: string; cpu: string; cpuacct: string | null };
  /** Apart from the others: only a component that asks for cores gets a group there. */
  cpuset?: string;
};
/** `cpuset`: cores can be chosen. */
export type CgroupHost =
  | { version: "v2"; mount: string; cpuset?: true }
  | CgroupV1
  | { version: "none"; reason: string };

/** A line of /proc/self/mountinfo (proc(5)), as far as it is needed here. */
export type MountLine = { mountPoint: string; type: string; options: readonly string[] };

/** Parses /proc/self/mountinfo: optional fields end with a lone `-`; space, tab and backslash are octal escapes. */
export function parseMountInfo(text: string): MountLine[] {
  return text.split("\n").flatMap((line) => {
    const [before, after] = line.split(" - ");
    const mountPoint = before?.split(" ")[4];
    const [type, , options] = after?.split(" ") ?? [];
    if (mountPoint === undefined || type === undefined) return [];
    const unescaped = mountPoint.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    return [{ mountPoint: unescaped, type, options: options?.split(",") ?? [] }];
  });
}

/** Controllers that must be there for the limits of a manifest to hold. */
export const neededControllers = ["memory", "pids", "cpu"] as const;

/** Looks at what is mounted and writable now. Version 2 wins where it has the controllers. */
export async function detectCgroups(mountInfo = "/proc/self/mountinfo"): Promise<CgroupHost> {
  const mounts = parseMountInfo(await readFile(mountInfo, "utf8"));
  return (await detectV2(mounts)) ?? (await detectV1(mounts));
}

async function detectV2(mounts: readonly MountLine[]): Promise<CgroupHost | null> {
  for (const { mountPoint, type } of mounts) {
    if (type !== "cgroup2") continue;
    const offered = (await readFile(join(mountPoint, "cgroup.controllers"), "utf8").catch(() => "")).split(/\s+/);
    if (!neededControllers.every((controller) => offered.includes(controller))) continue;
    if (!(await isWritable(mountPoint))) continue;
    return { version: "v2", mount: mountPoint, ...(offered.includes("cpuset") && { cpuset: true }) };
  }
  return null;
}

async function detectV1(mounts: readonly MountLine[]): Promise<CgroupHost> {
  const find = (controller: string) =>
    mounts.find(({ type, options }) => type === "cgroup" && options.includes(controller))?.mountPoint ?? null;
  const [memory, pids, cpu] = [find("memory"), find("pids"), find("cpu")];
  if (memory === null || pids === null || cpu === null) {
    return { version: "none", reason: "no hierarchy with the controllers memory, pids and cpu is mounted" };
  }
  for (const mount of [memory, pids, cpu]) {
    if (!(await isWritable(mount))) return { version: "none", reason: `${mount} is not writable for this user` };
  }
  const cpuset = find("cpuset");
  const hasCores = cpuset !== null && (await isWritable(cpuset));
  return { version: "v1", mounts: { memory, pids, cpu, cpuacct: find("cpuacct") }, ...(hasCores && { cpuset }) };
}

async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}

/** The directories that a group (`<instance>/<component>` or `<instance>`) has, one per hierarchy. */
export function groupDirectories(host: CgroupHost, group: string): string[] {
  if (host.version === "none") return [];
  const mounts = host.version === "v2" ? [host.mount] : Object.values(host.mounts).filter((mount) => mount !== null);
  return [...new Set(mounts)].map((mount) => join(mount, ownRoot, group));
}
