/** Looks at processes of a world from outside, through the host's /proc. */
import { readFileSync } from "node:fs";
import { readdir, readFile, readlink } from "node:fs/promises";

export type HostProcess = {
  pid: number;
  parent: number;
  /** The process's id in each pid namespace from the host's inwards (proc(5), NSpid). */
  namespacePids: number[];
  uid: number;
  capabilities: string;
  seccomp: number;
  noNewPrivileges: number;
};

/** All processes below `root` (a host pid), read from /proc/PID/status. */
export async function processesBelow(root: number): Promise<HostProcess[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const all = (await Promise.all(pids.map(readProcess))).filter((process) => process !== null);
  const parents = new Map(all.map((process) => [process.pid, process.parent]));
  const isBelow = (pid: number): boolean => {
    for (let at = pid; at > 1; at = parents.get(at) ?? 0) if (at === root) return true;
    return false;
  };
  return all.filter((process) => isBelow(process.pid));
}

async function readProcess(pid: number): Promise<HostProcess | null> {
  const text = await readFile(`/proc/${pid}/status`, "utf8").catch(() => null);
  if (text === null) return null;
  const fields = new Map(text.split("\n").map((line) => [line.split(":")[0] ?? "", line.split(":")[1]?.trim() ?? ""]));
  return {
    pid,
    parent: Number(fields.get("PPid")),
    namespacePids: (fields.get("NSpid") ?? "").split(/\s+/).map(Number),
    uid: Number(fields.get("Uid")?.split(/\s+/)[0]),
    capabilities: fields.get("CapEff") ?? "",
    seccomp: Number(fields.get("Seccomp")),
    noNewPrivileges: Number(fields.get("NoNewPrivs")),
  };
}

/** The identity of one of a process's namespaces, as `mnt:[4026531841]`. */
export function namespaceOf(pid: number, kind: "mnt" | "pid" | "ipc" | "uts" | "net" | "user"): Promise<string> {
  return readlink(`/proc/${pid}/ns/${kind}`);
}

/** A zombie has ended: it waits for pid 1 of the machine to take note, and in a container there may be nobody to do so. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
