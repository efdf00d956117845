/** Who is a process: its uid, its namespaces, its privileges; and that all of the sandbox are alike. */

import { formatCores, parseCores } from "../../sandbox/cgroup/core-list.ts";
import { capabilitySets, type MemberFacts, type NamespaceKind, namespaceKinds, type ProcessFacts } from "../facts.ts";
import { type Asked, compareValue, type Found } from "../question.ts";

/** linux/capability.h */
const capabilityBits: Readonly<Record<Asked["capabilities"][number], bigint>> = { net_admin: 12n };

/** SECCOMP_MODE_FILTER (linux/seccomp.h) */
const filterMode = "2";

/** `name(pid)`, for sentences. */
export const nameOf = ({ name, pid }: Pick<ProcessFacts, "name" | "pid">): string => `${name} (${pid})`;

/**
 * Where root makes the sandbox without a user namespace, its pid 1 stays root: without a capability, under the filter,
 * and with nothing to execute. What it starts is the component's uid.
 */
const isRootsInit = (asked: Asked, { pid }: ProcessFacts): boolean => !asked.userNamespace && pid === asked.pid;

/** Its four uids and gids, and no group beside. */
export function compareIdentity(asked: Asked, member: ProcessFacts): Found[] {
  if (asked.uid === null) return [];
  const uid = isRootsInit(asked, member) ? 0 : asked.uid;
  const of = (what: string) => `${what} of ${nameOf(member)}`;
  const four = Array(4).fill(uid).join(" ");
  // Its own group may stand among the supplementary ones; it gives nothing more.
  const beside = member.groups.filter((group) => group !== uid);
  return [
    ...compareValue(of("uids"), four, member.uids.join(" ")),
    ...compareValue(of("gids"), four, member.gids.join(" ")),
    ...compareValue(of("supplementary groups"), "", beside.join(" ")),
  ];
}

/** All five sets: what it has, could regain, or could hand to a program that it executes. */
export function compareCapabilities(asked: Asked, member: ProcessFacts): Found[] {
  const allowed = asked.capabilities.reduce((bits, name) => bits | (1n << capabilityBits[name]), 0n);
  return capabilitySets.flatMap((set, index) => {
    if (set === "CapBnd" && isRootsInit(asked, member)) return [];
    const held = BigInt(`0x${member.capabilities[index] || "0"}`);
    const more = held & ~allowed;
    if (more === 0n) return [];
    const what = `capabilities (${set}) of ${nameOf(member)}`;
    return [{ what, expected: `at most ${allowed.toString(16)}`, found: held.toString(16) }];
  });
}

/** `base`: the filters that the root server itself is under. */
export function compareConfinement(asked: Asked, member: ProcessFacts, base: string): Found[] {
  const of = (what: string) => `${what} of ${nameOf(member)}`;
  if (!asked.seccomp) return compareValue(of("no_new_privs"), "1", member.noNewPrivileges);
  const filters = base === "" ? member.seccompFilters : String(Number(base) + 1);
  return [
    ...compareValue(of("no_new_privs"), "1", member.noNewPrivileges),
    ...compareValue(of("seccomp mode"), filterMode, member.seccompMode),
    ...compareValue(of("number of seccomp filters"), filters, member.seccompFilters),
  ];
}

/** Which kinds a sandbox has of its own; the others are the root server's. */
export function ownKinds(asked: Asked): NamespaceKind[] {
  const own: NamespaceKind[] = ["mnt", "pid", "ipc", "uts"];
  if (asked.userNamespace) own.push("user");
  if (asked.networkNamespace === null) own.push("net");
  return own;
}

/** `namespaceInode`: of the network namespace that it should be in, as /proc/<pid>/ns writes it; null for its own. */
export function compareNamespaces(
  asked: Asked,
  member: MemberFacts,
  root: ProcessFacts,
  namespaceInode: string | null,
): Found[] {
  const own = ownKinds(asked);
  return namespaceKinds.flatMap((kind) => {
    const what = `${kind} namespace of ${nameOf(member)}`;
    const found = member.namespaces[kind];
    if (kind === "net" && namespaceInode !== null) return compareValue(what, namespaceInode, found);
    if (!own.includes(kind)) return compareValue(what, root.namespaces[kind], found);
    if (found !== "" && found !== root.namespaces[kind]) return [];
    return [{ what, expected: "one of its own", found: found === "" ? "unreadable" : "the root server's" }];
  });
}

/** All processes of a sandbox are in the same namespaces. */
export function compareAlike(members: readonly MemberFacts[]): Found[] {
  const [first, ...others] = members;
  if (first === undefined) return [];
  return others.flatMap((member) =>
    namespaceKinds.flatMap((kind) =>
      compareValue(`${kind} namespace of ${nameOf(member)}`, first.namespaces[kind], member.namespaces[kind]),
    ),
  );
}

/** A scheduler policy of sched(7) by name. */
const policies: Readonly<Record<number, string>> = {
  0: "SCHED_OTHER",
  1: "SCHED_FIFO",
  2: "SCHED_RR",
  3: "SCHED_BATCH",
  5: "SCHED_IDLE",
  6: "SCHED_DEADLINE",
};

type Scheduling = { readonly nice: number; readonly policy: number; readonly cpus: string };

/** `root`: how the root server's own main thread is scheduled; sandboxes inherit it. */
export function compareScheduling(asked: Asked, member: MemberFacts, root: Scheduling): Found[] {
  const { cores } = asked.limits;
  const allowed = cores.length > 0 ? formatCores(cores) : formatCores(parseCores(root.cpus));
  return member.tasks.flatMap(({ tid, policy, nice, cpus }) => {
    const of = (what: string) => `${what} of thread ${tid} of ${nameOf(member)}`;
    const isDeadline = asked.deadline && member.pid === asked.componentPid && tid === member.pid;
    const nameOfPolicy = (number: number) => policies[number] ?? `policy ${number}`;
    return [
      ...compareValue(of("scheduling"), nameOfPolicy(isDeadline ? 6 : root.policy), nameOfPolicy(policy)),
      ...compareValue(of("nice value"), root.nice, nice),
      ...compareValue(of("processor cores"), allowed, formatCores(parseCores(cpus))),
    ];
  });
}
