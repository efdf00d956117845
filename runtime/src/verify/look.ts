/** One look at the whole device: everything is read, everything is compared. */
import type { Difference } from "@bulkhead/protocol";
import { compareBoard, readFresh } from "./board.ts";
import { compareGroup } from "./compare/groups.ts";
import { compareMember } from "./compare/member.ts";
import { compareNamespace, plannedNothing } from "./compare/network.ts";
import { compareOutsiders, compareUnexpected, outsidersOf } from "./compare/outsiders.ts";
import { compareAlike, compareIdentity } from "./compare/processes.ts";
import { compareSockets } from "./compare/sockets.ts";
import type { NetworkFacts, ProcessFacts, SandboxFacts, TaskFacts } from "./facts.ts";
import { comparePermissions } from "./permissions.ts";
import type { Asked, Found, Question } from "./question.ts";
import { readNameless } from "./read/files.ts";
import { readProcesses, readTasks, treeBelow } from "./read/processes.ts";
import { readSandbox } from "./read/sandbox.ts";

export type Look = {
  readonly differences: readonly Difference[];
  /** Components that were looked at, and those that ended meanwhile. */
  readonly seen: readonly string[];
  readonly gone: readonly string[];
};

type Sandbox = { readonly asked: Asked; readonly facts: SandboxFacts };

/** `rootPid`: the root server, in our pid namespace. */
export async function look(question: Question, rootPid: number): Promise<Look> {
  const processes = await readProcesses();
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
    const others = { root, rootTask, usual, holders, processes };
    return compareSandbox(question, sandbox, others).map((found) => ({ component: sandbox.asked.name, ...found }));
  });
  return {
    differences: [
      ...own,
      ...compareShared(sandboxes, root),
      ...compareOthers(processes, sandboxes, root),
      ...(await compareBoard(question, usual)),
    ],
    seen: sandboxes.map(({ asked }) => asked.name),
    gone: read.filter(({ facts }) => !facts).map(({ asked }) => asked.name),
  };
}

type Others = {
  readonly root: ProcessFacts;
  readonly rootTask: TaskFacts;
  readonly usual: NetworkFacts;
  readonly holders: ReadonlyMap<number, readonly string[]>;
  readonly processes: readonly ProcessFacts[];
};

function compareSandbox(question: Question, { asked, facts }: Sandbox, others: Others): Found[] {
  const { system, cgroup } = question;
  const { members, monitor, sockets, network, group, sources, namespaceInode } = facts;
  const inside = new Set([monitor, ...members].map((process) => process?.pid));
  const elsewhere = [...others.holders].filter(([pid]) => !inside.has(pid)).flatMap(([, links]) => links);
  const foreign = new Set(elsewhere);
  const held = new Set(members.flatMap(({ descriptors }) => descriptors.map(({ target }) => target)));
  return [
    ...members.flatMap((member) =>
      compareMember(asked, member, { ...others, cgroup, namespaceInode, sources, foreign }),
    ),
    ...compareAlike(members),
    ...comparePermissions(asked, system),
    ...(monitor ? compareIdentityOfMonitor(asked, monitor) : []),
    ...compareGroup(group, members),
    ...compareSockets(asked, system, sockets, held),
    ...(asked.networkNamespace === null
      ? compareNamespace("its network namespace", plannedNothing, others.usual, network)
      : []),
  ];
}

/** bubblewrap waits outside, under the component's uid where it needs no privilege to have made the sandbox. */
function compareIdentityOfMonitor(asked: Asked, monitor: ProcessFacts): Found[] {
  return asked.userNamespace ? compareIdentity(asked, monitor) : [];
}

/** No two sandboxes are in one namespace of their own, and none but a component's own spare has its uid. */
function compareShared(sandboxes: readonly Sandbox[], root: ProcessFacts): Difference[] {
  return sandboxes.flatMap(({ asked, facts }, index) =>
    sandboxes.flatMap((other, otherIndex) => {
      if (index === otherIndex) return [];
      const isSpare = other.asked.name === asked.name;
      const sandbox = { asked: isSpare ? { ...asked, uid: null } : asked, members: facts.members };
      const found = compareOutsiders(sandbox, other.facts.members, root);
      return found.map((one) => ({ component: asked.name, ...one }));
    }),
  );
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
