/** One look at the whole device: everything is read, everything is compared. */
import type { Difference } from "@bulkhead/protocol";
import { compareBoard, readFresh } from "./board.ts";
import { compareOutsiders, compareUnexpected, outsidersOf } from "./compare/outsiders.ts";
import { compareSandbox, compareShared, type Sandbox } from "./compare/sandbox.ts";
import type { ProcessFacts } from "./facts.ts";
import type { Question } from "./question.ts";
import { readNameless } from "./read/files.ts";
import { readProcesses, readTasks, treeBelow } from "./read/processes.ts";
import { readSandbox } from "./read/sandbox.ts";

export type Look = {
  readonly differences: readonly Difference[];
  /** Components that were looked at, and those that ended meanwhile. */
  readonly seen: readonly string[];
  readonly gone: readonly string[];
  /** How each process was called. */
  readonly names: ReadonlyMap<number, string>;
};

/**
 * `rootPid`: the root server, in our pid namespace. `names`: how an earlier look called the processes. A process calls
 * itself what it likes, and one that did so all the time would have no difference twice.
 */
export async function look(question: Question, rootPid: number, names: Look["names"] = new Map()): Promise<Look> {
  const found = await readProcesses();
  const processes = found.map((process) => ({ ...process, name: names.get(process.pid) ?? process.name }));
  const root = processes.find(({ pid }) => pid === rootPid);
  const rootTask = (await readTasks(rootPid)).find(({ tid }) => tid === rootPid);
  if (root === undefined || rootTask === undefined) throw new Error("the root server cannot be looked at");
  const read = await Promise.all(
    question.asked.map(async (asked) => ({ asked, facts: await readSandbox(asked, processes, question.cgroup) })),
  );
  const sandboxes = read.flatMap(({ asked, facts }) => (facts ? [{ asked, facts }] : []));
  const usual = await readFresh();
  const holders = await readHolders(processes);
  const own = sandboxes.flatMap((sandbox) => {
    const others = { root, rootTask, usual, holders };
    return compareSandbox(question, sandbox, others).map((found) => ({ component: sandbox.asked.name, ...found }));
  });
  return {
    differences: [
      ...question.attached.map(attachedDifference),
      ...own,
      ...compareShared(sandboxes, root),
      ...compareOthers(processes, sandboxes, root),
      ...(await compareBoard(question, usual)),
    ],
    seen: sandboxes.map(({ asked }) => asked.name),
    names: new Map(processes.map(({ pid, name }) => [pid, name])),
    gone: read.filter(({ facts }) => !facts).map(({ asked }) => asked.name),
  };
}

/** It is allowed, and it is not how the system runs by itself. */
function attachedDifference({ component, tools }: Question["attached"][number]): Difference {
  return { component, what: "attached by an operator", expected: "nobody", found: tools.join(", ") };
}

function compareOthers(
  processes: readonly ProcessFacts[],
  sandboxes: readonly Sandbox[],
  root: ProcessFacts,
): Difference[] {
  const sandboxed = sandboxes.map(({ asked, facts }) => ({ asked, ...facts }));
  const self = new Set(treeBelow(processes, process.pid).map(({ pid }) => pid));
  const outsiders = outsidersOf(processes, sandboxed).filter(({ pid }) => !self.has(pid));
  const below = new Set(treeBelow(processes, root.pid).map(({ pid }) => pid));
  const init = processes.find(({ pid }) => pid === 1);
  const ownsNamespace = root.parent === 1 && init?.name === "bwrap";
  const expected = new Set([root.pid, 1]);
  return [
    ...sandboxed.flatMap((sandbox) =>
      compareOutsiders(sandbox, outsiders, root).map((found) => ({ component: sandbox.asked.name, ...found })),
    ),
    ...compareUnexpected(outsiders, below, expected, ownsNamespace).map((found) => ({ component: "board", ...found })),
  ];
}

async function readHolders(processes: readonly ProcessFacts[]): Promise<Map<number, readonly string[]>> {
  return new Map(await Promise.all(processes.map(async ({ pid }) => [pid, await readNameless(pid)] as const)));
}
