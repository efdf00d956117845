/** The control group of a component: every limit's value, and who is in it. */
import { type CgroupHost, groupDirectories, ownRoot } from "../../sandbox/cgroup/host.ts";
import type { GroupFacts, MemberFacts } from "../facts.ts";
import { type Asked, compareSets, type Found } from "../question.ts";
import { nameOf } from "./processes.ts";

/** The kernel keeps memory in whole pages, rounded down. */
const pageBytes = 4096;

export function compareGroup(group: GroupFacts, members: readonly MemberFacts[]): Found[] {
  const inside = members.map(({ pid }) => String(pid));
  return [
    ...group.settings.flatMap(({ path, expected, found }) =>
      isSame(expected, found) ? [] : [{ what: `limit ${path}`, expected, found }],
    ),
    ...group.members.flatMap(({ directory, pids }) =>
      compareSets(`processes in ${directory}`, inside, pids.map(String)),
    ),
  ];
}

function isSame(expected: string, found: string): boolean {
  if (expected === found) return true;
  const [wanted, seen] = [Number(expected), Number(found)];
  return wanted > pageBytes && Math.floor(wanted / pageBytes) * pageBytes === seen;
}

/** Every thread is in the group, in each hierarchy that limits it. */
export function compareThreads(asked: Asked, host: CgroupHost, member: MemberFacts): Found[] {
  const wanted = groupDirectories(host, asked.cgroup).length;
  const end = `/${ownRoot}/${asked.cgroup}`;
  return member.tasks.flatMap(({ tid, cgroups }) => {
    const joined = cgroups.filter((line) => line.endsWith(end)).length;
    if (joined >= wanted) return [];
    const what = `control groups of thread ${tid} of ${nameOf(member)}`;
    return [{ what, expected: `${end} in ${wanted} hierarchies`, found: `in ${joined}` }];
  });
}
