/** All that is compared of one process of a sandbox. */
import type { CgroupHost } from "../../sandbox/cgroup/host.ts";
import type { MemberFacts, ProcessFacts, TaskFacts } from "../facts.ts";
import type { Asked, Found } from "../question.ts";
import { compareDescriptors, compareEnvironment, compareMounts } from "./files.ts";
import { compareThreads } from "./groups.ts";
import {
  compareCapabilities,
  compareConfinement,
  compareIdentity,
  compareNamespaces,
  compareScheduling,
} from "./processes.ts";

type Surroundings = {
  readonly root: ProcessFacts;
  readonly rootTask: Pick<TaskFacts, "policy" | "nice" | "cpus">;
  readonly cgroup: CgroupHost;
  /** Of the network namespace that it should be in; null for its own. */
  readonly namespaceInode: string | null;
  /** What each mount's source is on the host, by target. */
  readonly sources: Readonly<Record<string, string>>;
  /** Sockets and pipes that a process outside of the sandbox holds. */
  readonly foreign: ReadonlySet<string>;
};

export function compareMember(asked: Asked, member: MemberFacts, around: Surroundings): Found[] {
  return [
    ...compareIdentity(asked, member),
    ...compareCapabilities(asked, member),
    ...compareConfinement(asked, member, around.root.seccompFilters),
    ...compareNamespaces(asked, member, around.root, around.namespaceInode),
    ...compareScheduling(asked, member, around.rootTask),
    ...compareThreads(asked, around.cgroup, member),
    ...compareMounts(asked, member, around.sources),
    ...compareDescriptors(asked, member, around.foreign),
    ...compareEnvironment(asked, member),
  ];
}
