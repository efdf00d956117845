/** Finds out, by trying, which layers of isolation this kernel and this user have to give. */
import { access, readFile } from "node:fs/promises";
import { release } from "node:os";
import { BulkheadError, type HostLayer } from "@bulkhead/protocol";
import { execa } from "execa";
import { type CgroupHost, detectCgroups } from "./cgroup/host.ts";
import { tryDeadline } from "./deadline.ts";
import { describeLayers, readKernel } from "./host-layers.ts";
import { findProgram, programEnvironment } from "./programs.ts";
import { isArchitecture } from "./seccomp/filter.ts";

export type UidRange = { first: number; count: number };

export type HostCapabilities = {
  /** uid 0 of its own user namespace: can change uids, and enter and make namespaces. */
  root: boolean;
  /** The uids that the caller can give to components; [] where only its own can be had. */
  uids: readonly UidRange[];
  /** A component's uid can make a user namespace, so bubblewrap needs no privilege at all. */
  userNamespaces: boolean;
  seccomp: boolean;
  cgroup: CgroupHost;
  /** SCHED_DEADLINE. On chosen cores it needs cores of its own, too: `exclusiveCores`. */
  deadline: "available" | "unavailable";
  exclusiveCores: boolean;
  bubblewrapVersion: string;
  /** For each layer that is not there, a sentence saying why. */
  reasons: readonly string[];
  /** All of it as a table, with what is there and not used. */
  layers: readonly HostLayer[];
};

/** The kernel's overflow uid, `nobody`: mapped wherever a whole range is. */
const nobody = 65_534;

/** Throws MISSING_PROGRAM without bubblewrap or util-linux, SANDBOX_UNAVAILABLE where no form of sandbox works. */
export async function detectHost(): Promise<HostCapabilities> {
  const bubblewrap = await findProgram("bwrap", "bubblewrap");
  for (const name of ["setpriv", "nsenter", "prlimit", "chrt"]) await findProgram(name, "util-linux");
  const { stdout } = await execa(bubblewrap, ["--version"]);
  const root = process.geteuid?.() === 0;
  const uids = root ? parseUidMap(await readFile("/proc/self/uid_map", "utf8")) : [];
  const [refusal, seccomp, cgroup, deadlineRefusal] = await Promise.all([
    tryUserNamespace(uids),
    hasSeccomp(),
    detectCgroups(),
    tryDeadline(),
  ]);
  const exclusiveCores = cgroup.version === "v2" && cgroup.cpuset === true && isAtLeast(release(), 6, 7);
  if (refusal !== null && !root) {
    throw new BulkheadError("SANDBOX_UNAVAILABLE", `this user cannot make a user namespace: ${refusal}`, {
      remedy:
        "run as root, or allow it: sysctl kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), user.max_user_namespaces",
    });
  }
  const reasons = [
    refusal === null ? [] : `no user namespace for components: ${refusal}`,
    uids.length > 0
      ? []
      : "one uid for all components: the caller has no other (uidmap and a range in /etc/subuid give more)",
    seccomp ? [] : `no seccomp filter for a kernel or processor like this (${process.arch})`,
    cgroup.version === "none" ? `no control groups: ${cgroup.reason}` : [],
    deadlineRefusal === null ? [] : `no deadline scheduling: ${deadlineRefusal}`,
    exclusiveCores
      ? []
      : "no cores of a component's own: that takes control groups version 2 with cpuset, and Linux 6.7",
  ].flat();
  const offer = {
    root,
    uids,
    userNamespaces: refusal === null,
    seccomp,
    cgroup,
    deadline: deadlineRefusal === null ? "available" : "unavailable",
    exclusiveCores,
    bubblewrapVersion: stdout.replace("bubblewrap ", ""),
    reasons,
  } as const;
  return { ...offer, layers: describeLayers(offer, await readKernel()) };
}

/** Parses /proc/self/uid_map (user_namespaces(7)); [] where it maps nothing but the caller's own uid 0. */
export function parseUidMap(text: string): UidRange[] {
  const ranges = text.split("\n").flatMap((line) => {
    const [first, , count] = line.trim().split(/\s+/).map(Number);
    return first !== undefined && count !== undefined && count > 0 ? [{ first, count }] : [];
  });
  return ranges.some(({ first, count }) => first > 0 || count > 1) ? ranges : [];
}

/** True where the caller's user namespace maps `uid`, so that a process can have it. */
export function canHaveUid(uids: readonly UidRange[], uid: number): boolean {
  return uid > 0 && uids.some(({ first, count }) => uid >= first && uid < first + count);
}

/** Of the kernel's release (`6.12.107+deb13-arm64`). */
export function isAtLeast(text: string, major: number, minor: number): boolean {
  const [, first = "0", second = "0"] = /^(\d+)\.(\d+)/.exec(text) ?? [];
  return Number(first) > major || (Number(first) === major && Number(second) >= minor);
}

/** Makes a sandbox the way that components get one. Returns null where it works, else what the tool said. */
async function tryUserNamespace(uids: readonly UidRange[]): Promise<string | null> {
  const last = uids.at(-1);
  const uid = canHaveUid(uids, nobody) ? nobody : last && last.first + last.count - 1;
  const asUid = uid === undefined ? [] : ["setpriv", "--reuid", `${uid}`, "--regid", `${uid}`, "--clear-groups"];
  const sandbox = ["bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"];
  const [program = "bwrap", ...rest] = [...asUid, ...sandbox, "--ro-bind", "/", "/", "--proc", "/proc", "--", "true"];
  const result = await execa(program, rest, { reject: false, env: programEnvironment });
  return result.failed ? result.stderr.trim() || `exit code ${result.exitCode}` : null;
}

async function hasSeccomp(): Promise<boolean> {
  if (!isArchitecture(process.arch)) return false;
  return access("/proc/sys/kernel/seccomp/actions_avail").then(
    () => true,
    () => false,
  );
}
