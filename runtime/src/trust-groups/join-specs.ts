/** From what each member would have in a sandbox of its own to the one that they share. Pure. */
import { leasesDirectory, membersDirectory, usesDirectory } from "@bulkhead/protocol";
import { storageDirectory, traceDirectory } from "@bulkhead/sdk";
import { bundleInside } from "../runners/index.ts";
import { type Mount, mergeMounts, type SandboxSpec } from "../sandbox/index.ts";

/** The sandbox of all of `specs`, of which the first is the leader's. `outputs`: the log of each. `memoryBytes`: of all. */
export function joinSpecs(
  specs: readonly [SandboxSpec, ...SandboxSpec[]],
  outputs: readonly number[],
  memoryBytes: number,
): SandboxSpec {
  const [leader, ...others] = specs;
  const mounts = mergeMounts(
    ...others.map((spec) => spec.mounts.filter(({ target }) => target !== storageDirectory).map(placeFor(spec))),
    leader.mounts.map(placeFor(leader)),
  );
  const command = [...leader.command, ...specs.map(({ name }) => name)];
  return { ...leader, command, mounts, outputs, limits: { ...leader.limits, memoryBytes } };
}

const ownPlaces = [bundleInside, usesDirectory, leasesDirectory, traceDirectory];

// Providers' directories stay: no two have the same name, and the path of a socket must stay short.
function placeFor({ name }: SandboxSpec): (mount: Mount) => Mount {
  const isOwn = (target: string) => ownPlaces.some((place) => target === place || target.startsWith(`${place}/`));
  return (mount) => (isOwn(mount.target) ? { ...mount, target: `${membersDirectory}/${name}${mount.target}` } : mount);
}
