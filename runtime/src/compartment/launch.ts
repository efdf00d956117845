/** Makes the sandbox of a component, or of the trust group that it leads, and starts its process in it. */
import type { Component, Release, System } from "@bulkhead/protocol";
import type { Device, UidOf } from "../device/index.ts";
import type { Installed } from "../generations/index.ts";
import type { Slot } from "../processes/index.ts";
import { type Mount, type Sandbox, startSandbox } from "../sandbox/index.ts";
import { joinSpecs, membersOf } from "../trust-groups/index.ts";
import type { Returns } from "./devices/index.ts";
import { type LogFifos, withDescriptors } from "./log-fifos.ts";
import type { OwnDirectories } from "./own-directories.ts";
import { buildSpec } from "./sandbox-spec.ts";

/** What all components of a generation are launched from. */
export type LaunchPad = {
  readonly device: Device;
  readonly fifos: LogFifos;
  readonly release: Release;
  readonly installed: Installed;
  readonly uidOf: UidOf;
  readonly own: OwnDirectories;
  readonly returns: Returns;
  /** The place of a record that an operator wants of it. */
  readonly recordings: { mounts(component: string): Mount[] };
};

/** Starts `name` with the members of its trust group, or alone. Throws where its sandbox cannot be made. */
export async function launch(pad: LaunchPad, name: string, slot: Slot): Promise<Sandbox> {
  const { device, fifos, installed, uidOf, own } = pad;
  const { system } = pad.release;
  // A spare that stands by says nothing of what the one that runs was given.
  if (slot === 0) await pad.returns.note(name);
  const members = membersOf(system, name);
  const { trustGroup, memoryBytes } = componentOf(system, name);
  const ownPlaces = async (member: string) => {
    const places = await own.of(member);
    return { ...places, mounts: [...places.mounts, ...pad.recordings.mounts(member)] };
  };
  return withDescriptors(members.map(fifos.openWriter), async (outputs) => {
    const [stdout = 1] = outputs;
    const build = async (member: string) => {
      // Each thread has a heap of its own: a share of what there is for all.
      const component = { ...componentOf(system, member), memoryBytes: Math.floor(memoryBytes / members.length) };
      return buildSpec(device, system, installed.digest, member, component, uidOf, await ownPlaces(member), stdout);
    };
    const [first, ...others] = [await build(name), ...(await Promise.all(members.slice(1).map(build)))];
    const spec = trustGroup === null ? first : joinSpecs([first, ...others], outputs, memoryBytes);
    return startSandbox({ ...spec, cgroup: groupOf(spec.cgroup, slot) }, device.host);
  });
}

export function componentOf({ components }: System, name: string): Component {
  const component = components[name];
  if (!component) throw new TypeError(`no component ${name} in the system`);
  return component;
}

/** A component and its spare are limited, and counted, each on its own. */
function groupOf(group: string, slot: Slot): string {
  return slot === 0 ? group : `${group}.spare`;
}
