/** Reads what /proc says of processes. A process that ends meanwhile is left out. */
import { readdir, readFile, readlink } from "node:fs/promises";
import { capabilitySets, type NamespaceKind, namespaceKinds, type ProcessFacts, type TaskFacts } from "../facts.ts";

/** All processes that our pid namespace shows, the dead ones not. */
export async function readProcesses(): Promise<ProcessFacts[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map((pid) => readProcess(pid).catch(() => undefined)));
  return found.filter((facts) => facts !== undefined);
}

async function readProcess(pid: number): Promise<ProcessFacts | undefined> {
  const [stat, status, namespaces] = await Promise.all([
    readFile(`/proc/${pid}/stat`, "utf8"),
    readFile(`/proc/${pid}/status`, "utf8"),
    readNamespaces(pid),
  ]);
  const fields = statFields(stat);
  // A zombie has nothing left of what is compared here; one whose main thread alone has ended goes on in the others.
  if (/^[ZX]/.test(fields[0] ?? "") && (await readdir(`/proc/${pid}/task`)).length < 2) return undefined;
  return { pid, parent: Number(fields[1]), ...parseProcess(status), namespaces };
}

type Parsed = Omit<ProcessFacts, "pid" | "parent" | "namespaces">;

/** Parses /proc/<pid>/status (proc(5)). */
export function parseProcess(status: string): Parsed {
  const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, "m").exec(status)?.[1]?.trim() ?? "";
  const numbers = (name: string) => (field(name) === "" ? [] : field(name).split(/\s+/).map(Number));
  return {
    name: field("Name"),
    uids: numbers("Uid"),
    gids: numbers("Gid"),
    groups: numbers("Groups"),
    capabilities: capabilitySets.map(field),
    noNewPrivileges: field("NoNewPrivs"),
    seccompMode: field("Seccomp"),
    seccompFilters: field("Seccomp_filters"),
  };
}

async function readNamespaces(pid: number): Promise<Record<NamespaceKind, string>> {
  const links = namespaceKinds.map(async (kind) => {
    return [kind, await readlink(`/proc/${pid}/ns/${kind}`).catch(() => "")] as const;
  });
  return Object.fromEntries(await Promise.all(links)) as Record<NamespaceKind, string>;
}

/** /proc/<pid>/stat from its third field, the state, on: the second is a name, which may hold `)`. */
function statFields(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Each thread's groups and scheduling: both are a thread's own, and one thread could be elsewhere. */
export async function readTasks(pid: number): Promise<TaskFacts[]> {
  const tids = await readdir(`/proc/${pid}/task`);
  const found = await Promise.all(tids.map((tid) => readTask(pid, Number(tid)).catch(() => undefined)));
  return found.filter((facts) => facts !== undefined);
}

async function readTask(pid: number, tid: number): Promise<TaskFacts> {
  const [cgroup, stat, status] = await Promise.all(
    ["cgroup", "stat", "status"].map((file) => readFile(`/proc/${pid}/task/${tid}/${file}`, "utf8")),
  );
  // Fields 19 and 41 of proc(5), counted from the third.
  const fields = statFields(stat ?? "");
  return {
    tid,
    cgroups: (cgroup ?? "").split("\n").filter((line) => line !== ""),
    nice: Number(fields[16]),
    policy: Number(fields[38]),
    cpus: /^Cpus_allowed_list:\s+(.*)$/m.exec(status ?? "")?.[1] ?? "",
  };
}

/** `pid` and all that it and its children started, by parents. */
export function treeBelow(processes: readonly ProcessFacts[], pid: number): ProcessFacts[] {
  const own = processes.filter((facts) => facts.pid === pid);
  const children = processes.filter((facts) => facts.parent === pid && facts.pid !== pid);
  return [...own, ...children.flatMap((child) => treeBelow(processes, child.pid))];
}
