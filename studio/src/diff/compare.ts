/** What a system gained and lost against another one: permissions and flows. Pure. */
import type { Plan } from "@bulkhead/protocol/manifest";
import { flowsOf } from "./flows.ts";
import { type Permission, permissionsOf } from "./permissions.ts";

export type Change =
  | { readonly kind: "gained" | "lost"; readonly subject: string; readonly value: string }
  | { readonly kind: "changed"; readonly subject: string; readonly before: string; readonly after: string };
export type ComponentDifference = {
  readonly component: string;
  readonly state: "added" | "removed" | "kept";
  readonly changes: readonly Change[];
};
export type FlowDifference = {
  /** All of them gained and lost the same. */
  readonly from: readonly string[];
  readonly gained: readonly string[];
  readonly lost: readonly string[];
};
export type Difference = {
  readonly components: readonly ComponentDifference[];
  readonly flows: readonly FlowDifference[];
};

/** What differs, those things left out that are the same. */
export function compareSystems(before: Plan, after: Plan): Difference {
  return { components: compareComponents(before, after), flows: compareFlows(before, after) };
}

function compareComponents(before: Plan, after: Plan): ComponentDifference[] {
  const [old, now] = [permissionsOf(before), permissionsOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .map((component): ComponentDifference => {
      const state = !old.has(component) ? "added" : !now.has(component) ? "removed" : "kept";
      return { component, state, changes: comparePermissions(old.get(component) ?? [], now.get(component) ?? []) };
    })
    .filter(({ changes }) => changes.length > 0);
}

function comparePermissions(old: readonly Permission[], now: readonly Permission[]): Change[] {
  const [before, after] = [bySubject(old), bySubject(now)];
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((subject): Change[] => {
    const [was, is] = [before.get(subject), after.get(subject)];
    if (was === is) return [];
    if (was === undefined) return [{ kind: "gained", subject, value: is ?? "" }];
    if (is === undefined) return [{ kind: "lost", subject, value: was }];
    return [{ kind: "changed", subject, before: was, after: is }];
  });
}

const bySubject = (permissions: readonly Permission[]) =>
  new Map(permissions.map(({ subject, value }) => [subject, value]));

function compareFlows(before: Plan, after: Plan): FlowDifference[] {
  const [old, now] = [flowsOf(before), flowsOf(after)];
  const groups = new Map<string, FlowDifference>();
  for (const from of new Set([...old.keys(), ...now.keys()])) {
    const [was, is] = [old.get(from) ?? new Set<string>(), now.get(from) ?? new Set<string>()];
    const gained = [...is].filter((to) => !was.has(to));
    const lost = [...was].filter((to) => !is.has(to));
    if (gained.length + lost.length === 0) continue;
    const key = JSON.stringify([gained, lost]);
    groups.set(key, { from: [...(groups.get(key)?.from ?? []), from], gained, lost });
  }
  return [...groups.values()];
}
