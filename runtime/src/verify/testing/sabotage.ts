/** Breaks a running system from outside, as root of the host: what a bug or an intruder with our privileges could do. */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { groupDirectories } from "../../sandbox/cgroup/host.ts";
import type { HostCapabilities } from "../../sandbox/index.ts";
import { callNumber, isArchitecture } from "../../sandbox/seccomp/filter.ts";

export type Victim = {
  /** The component's process, its sandbox's pid 1, and the root server, as the host counts them. */
  readonly pid: number;
  readonly init: number;
  readonly root: number;
  readonly groups: readonly string[];
};

/** Finds a component by the members of its control group. */
export async function findVictim(host: HostCapabilities, instance: string, name: string): Promise<Victim> {
  const groups = groupDirectories(host.cgroup, `${instance}/${name}`);
  const members = (await readFile(join(groups[0] ?? "", "cgroup.procs"), "utf8")).trim().split("\n").map(Number);
  const names = await Promise.all(members.map((pid) => readFile(`/proc/${pid}/comm`, "utf8")));
  const init = members[names.findIndex((comm) => comm.trim() === "bwrap")] ?? 0;
  const pid = members.find((member) => member !== init) ?? 0;
  return { pid, init, root: await parentOf(await parentOf(init)), groups };
}

async function parentOf(pid: number): Promise<number> {
  return Number(/^PPid:\s+(\d+)$/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1]);
}

/** Runs a program in namespaces of a process; options as nsenter(1) has them. */
export async function enter(pid: number, options: readonly string[], command: readonly string[]): Promise<void> {
  await execa("nsenter", ["--target", `${pid}`, ...options, "--", ...command]);
}

/** Starts what stays there; returns what ends it. */
export function intrude(pid: number, options: readonly string[], before: readonly string[] = []): () => void {
  const child = spawn("nsenter", ["--target", `${pid}`, ...options, "--", ...before, "sleep", "600"], {
    stdio: "ignore",
    detached: true,
  });
  return () => process.kill(-(child.pid ?? 0), "SIGKILL");
}

/**
 * Mounts a tmpfs in the sandbox's mount namespace, in which there is no program that could: perl makes the calls itself.
 * (Making a read-only mount of the sandbox writable is refused by the kernel even so: its flags are locked.)
 */
export async function mountInside(pid: number, target: string): Promise<void> {
  const { arch } = process;
  if (!isArchitecture(arch)) throw new Error(`no system calls known for ${arch}`);
  // Not in the filter's table, which has what it decides about.
  const mount = { x64: 165, arm64: 40, arm: 21 }[arch];
  const script = `open(my $ns, "<", "/proc/${pid}/ns/mnt") or die;
    syscall(${callNumber(arch, "setns")}, fileno($ns), 0x20000) == 0 or die "setns: $!";
    my ($type, $target) = @ARGV;
    syscall(${mount}, $type, $target, $type, 0, 0) == 0 or die "mount: $!";`;
  await execa("perl", ["-e", script, "tmpfs", target]);
}
