/** Who shares a process: a trust group goes by the name, the uid, the control group and the storage of its first member. */
import type { System } from "@bulkhead/protocol";
import type { UidOf } from "../device/index.ts";

/** The components in the process of `name`, in the order of their names; only itself where it is in no trust group. */
export function membersOf({ components }: Pick<System, "components">, name: string): readonly string[] {
  const group = components[name]?.trustGroup ?? null;
  if (group === null) return [name];
  return Object.keys(components)
    .filter((other) => components[other]?.trustGroup === group)
    .sort();
}

export function leaderOf(system: Pick<System, "components">, name: string): string {
  return membersOf(system, name)[0] ?? name;
}

/** Members own what they share alike. */
export function sharedUids(system: System, uidOf: UidOf): UidOf {
  return (name) => uidOf(leaderOf(system, name));
}

/** Without the storage of those that use their leader's. */
export function withSharedStorage(system: System): System["components"] {
  return Object.fromEntries(
    Object.entries(system.components).map(([name, component]) => {
      if (leaderOf(system, name) === name) return [name, component];
      return [name, { ...component, storage: { ...component.storage, quotaBytes: 0 } }];
    }),
  );
}
