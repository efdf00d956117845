/** All that is compared of one sandbox, and of sandboxes with each other. */
import type { Difference } from "@bulkhead/protocol";
import type { NetworkFacts, ProcessFacts, SandboxFacts, TaskFacts } from "../facts.ts";
import { comparePermissions } from "../permissions.ts";
import type { Asked, Found, Question } from "../question.ts";
import { compareGroup } from "./groups.ts";
import { compareMember } from "./member.ts";
import { compareNamespace, plannedNothing } from "./network.ts";
import { compareOutsiders } from "./outsiders.ts";
import { compareAlike, compareIdentity } from "./processes.ts";
import { compareSockets } from "./sockets.ts";

export type Sandbox = { readonly asked: Asked; readonly facts: SandboxFacts };

export type Others = {
  readonly root: ProcessFacts;
  readonly rootTask: Pick<TaskFacts, "policy" | "nice" | "cpus">;
  /** What every new network namespace has. */
  readonly usual: NetworkFacts;
  /** The sockets and pipes that each process holds. */
  readonly holders: ReadonlyMap<number, readonly string[]>;
};

export function compareSandbox(question: Question, { asked, facts }: Sandbox, others: Others): Found[] {
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
export function compareShared(sandboxes: readonly Sandbox[], root: ProcessFacts): Difference[] {
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
