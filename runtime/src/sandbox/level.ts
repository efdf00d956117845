/** Reads from /proc what isolates a running process. Nothing here is assumed from what was asked for. */
import { readdir, readFile, readlink, statfs } from "node:fs/promises";
import type { Level } from "@bulkhead/protocol";
import { readPlacement } from "./cgroup/cores.ts";
import { type CgroupHost, neededControllers, ownRoot } from "./cgroup/host.ts";
import { boardsNetwork, type SandboxSpec } from "./spec.ts";

const namespaceFiles = { mount: "mnt", pid: "pid", ipc: "ipc", uts: "uts", net: "net", user: "user" } as const;
type NamespaceName = keyof typeof namespaceFiles;
const namespaceNames = Object.keys(namespaceFiles) as NamespaceName[];

/** Bit numbers of linux/capability.h. */
const capabilityBits: Readonly<Record<SandboxSpec["capabilities"][number], bigint>> = { net_admin: 12n };

/** Measures `pid`, the component's own process. Throws what readFile throws when it has gone. */
export async function readLevel(
  pid: number,
  spec: SandboxSpec,
  cgroupHost: CgroupHost,
  deadline: Level["deadline"] = "not-asked",
): Promise<Level> {
  const status = parseStatus(await readFile(`/proc/${pid}/status`, "utf8"));
  const namespaces = await ownNamespaces(pid);
  const cgroup = memberVersion(await readFile(`/proc/${pid}/cgroup`, "utf8"), spec.cgroup, cgroupHost);
  const mountInfo = await readFile(`/proc/${pid}/mountinfo`, "utf8");
  const level: Omit<Level, "missing"> = {
    uid: status.uid === spec.uid && status.uid !== process.geteuid?.() ? "own" : "shared",
    namespaces,
    capabilities: status.capabilities.toString(16).padStart(16, "0"),
    seccomp: status.seccomp,
    noNewPrivileges: status.noNewPrivileges,
    cgroup,
    cores: await readPlacement(pid, cgroupHost, spec.cgroup, spec.limits),
    deadline,
    ...(hasWritableSysfs(mountInfo) && { writesSysfs: true as const }),
  };
  const missing = missingLayers(level, spec);
  return { ...level, missing: (await exceedsQuota(pid, spec)) ? [...missing, "storage quota"] : missing };
}

/** True where the file system that the component sees at /data could take more than its quota. */
async function exceedsQuota(pid: number, { storage }: SandboxSpec): Promise<boolean> {
  if (storage === undefined) return false;
  const { blocks, bsize } = await statfs(`/proc/${pid}/root/data`);
  return blocks * bsize > storage.quotaBytes;
}

type ProcessStatus = { uid: number; capabilities: bigint; seccomp: boolean; noNewPrivileges: boolean };

/** Parses /proc/<pid>/status (proc(5)). `capabilities` is what the process has or could regain: all five sets. */
export function parseStatus(text: string): ProcessStatus {
  const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(text)?.[1] ?? "";
  const uids = field("Uid").split(/\s+/).map(Number);
  const sets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map((name) => BigInt(`0x${field(name)}`));
  return {
    // Real, effective, saved and file system uid must agree, or it could go back to another.
    uid: new Set(uids).size === 1 ? (uids[0] ?? Number.NaN) : Number.NaN,
    capabilities: sets.reduce((all, set) => all | set, 0n),
    // 2 is SECCOMP_MODE_FILTER.
    seccomp: field("Seccomp") === "2",
    noNewPrivileges: field("NoNewPrivs") === "1",
  };
}

/** Namespaces that are not the caller's. One that cannot be read counts as shared. */
async function ownNamespaces(pid: number): Promise<NamespaceName[]> {
  const isOwn = async (name: NamespaceName) => {
    const theirs = await readlink(`/proc/${pid}/ns/${namespaceFiles[name]}`).catch(() => null);
    return theirs !== null && theirs !== (await readlink(`/proc/self/ns/${namespaceFiles[name]}`));
  };
  const answers = await Promise.all(namespaceNames.map(isOwn));
  return namespaceNames.filter((_, index) => answers[index]);
}

/**
 * True where something of sysfs is mounted writable, by /proc/<pid>/mountinfo (proc(5)): the mount's own options are the sixth field, and
 * the type stands behind the lone `-`.
 */
export function hasWritableSysfs(mountInfo: string): boolean {
  return mountInfo.split("\n").some((line) => {
    const [before = "", after = ""] = line.split(" - ");
    return after.startsWith("sysfs ") && (before.split(" ")[5] ?? "").split(",").includes("rw");
  });
}

/** Which version limits the process, by /proc/<pid>/cgroup (cgroups(7)): `id:controllers:path`, `0::path` in version 2. */
export function memberVersion(text: string, group: string, host: CgroupHost): Level["cgroup"] {
  const joined = text
    .split("\n")
    .map((line) => /^(\d+):([^:]*):(.*)$/.exec(line))
    .filter((line) => line?.[3]?.endsWith(`/${ownRoot}/${group}`));
  if (host.version === "v2") return joined.some((line) => line?.[1] === "0") ? "v2" : "none";
  const controllers = joined.flatMap((line) => line?.[2]?.split(",") ?? []);
  return host.version === "v1" && neededControllers.every((name) => controllers.includes(name)) ? "v1" : "none";
}

/**
 * What it was to have and has not. A network server works on namespaces of others: not to have its own is its job; and who was
 * given the board's network, as the resolver, was not to have another.
 */
function missingLayers(level: Omit<Level, "missing">, spec: SandboxSpec): string[] {
  const allowed = spec.capabilities.reduce((bits, name) => bits | (1n << capabilityBits[name]), 0n);
  return [
    level.uid === "own" ? [] : "own uid",
    ...namespaceNames
      .filter((name) => name !== "user" || spec.capabilities.length === 0)
      .filter((name) => name !== "net" || spec.networkNamespace !== boardsNetwork)
      .map((name) => (level.namespaces.includes(name) ? [] : `${name} namespace`)),
    BigInt(`0x${level.capabilities}`) === allowed ? [] : "capability limits",
    level.seccomp ? [] : "seccomp filter",
    level.noNewPrivileges ? [] : "no_new_privs",
    level.cgroup === "none" ? "control group" : [],
    level.cores === "unavailable" ? "placement on cores" : [],
    level.deadline === "unavailable" ? "deadline scheduling" : [],
  ].flat();
}

/** True where a process has gone or is going: the kernel has taken its namespaces back then. */
export async function isEnding(pid: number): Promise<boolean> {
  const flags = Number((await statFields(pid))[6] ?? PF_EXITING);
  return (flags & PF_EXITING) !== 0;
}

/** linux/sched.h */
const PF_EXITING = 0x4;

/** /proc/<pid>/stat (proc(5)) from its third field, the state, on: the second is a name, which may hold `)`. */
async function statFields(pid: number | string): Promise<string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat === "" ? [] : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** The children of a process. Kernels without CONFIG_PROC_CHILDREN lack the list, so there all processes are asked. */
export async function childrenOf(pid: number): Promise<number[]> {
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => null);
  if (list !== null)
    return list
      .split(" ")
      .map(Number)
      .filter((child) => child > 0);
  return scanChildren(pid);
}

/** The same by reading the parent of every process. */
export async function scanChildren(pid: number): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (/^\d+$/.test(name) && Number((await statFields(name))[1]) === pid) found.push(Number(name));
  }
  return found;
}
