/**
 * The directories that a component has to itself beside its bundle and its channels; they live as long as the generation, and are left
 * as they are for the next where that has them alike.
 */
import { join } from "node:path";
import type { System } from "@bulkhead/protocol";
import { storageDirectory, traceDirectory } from "@bulkhead/sdk";
import type { Device, UidOf } from "../device/index.ts";
import type { GenerationRecord } from "../generations/index.ts";
import type { Mount, SandboxSpec } from "../sandbox/index.ts";
import { mountStorage, type Storages, storageWishes, unmountStorage } from "../storage/index.ts";
import { mountConsole, mountRings, unmountRings } from "../trace/index.ts";
import { withSharedStorage } from "../trust-groups/index.ts";

export type OwnPlaces = { readonly mounts: readonly Mount[]; readonly storage: SandboxSpec["storage"] };

export type OwnDirectories = {
  /** Throws STORAGE_FULL, STORAGE_UNAVAILABLE, COMPONENT_START_FAILED where its storage is not there. */
  of(component: string): Promise<OwnPlaces>;
  /** Nothing of a component may run. */
  remove(): Promise<void>;
  readonly stored: Storages;
};

/** Those of the generation before, some of whose components go on. */
type Before = { readonly system: System; readonly own: OwnDirectories };

/** What cannot be made for one component is told when that one is launched. */
export async function makeOwnDirectories(
  { paths, log }: Device,
  system: System,
  generation: number,
  { current, trying }: GenerationRecord,
  uidOf: UidOf,
  before?: Before,
): Promise<OwnDirectories> {
  const { components } = system;
  await mountRings(paths.trace, components, uidOf, before && sameRings(before.system, system));
  if (components["serial-server"]) await mountConsole(paths.console, uidOf("serial-server"));
  const stored = await mountStorage({
    root: paths.storage,
    mountRoot: paths.mountedStorage,
    generation,
    // A trial that fails brings the current one back, with what it had stored.
    needed: [current, trying].flatMap((installed) => installed?.generation ?? []),
    wishes: storageWishes(withSharedStorage(system)),
    uidOf,
    log: log.line,
    ...(before && { staying: sameStorage(before, system) }),
  });
  return {
    stored,
    async of(name) {
      const hasRing = (components[name]?.trace.ringBytes ?? 0) > 0;
      const ring: Mount[] = hasRing ? [{ kind: "rw", source: join(paths.trace, name), target: traceDirectory }] : [];
      const found = await stored.of(name);
      if (!found) return { mounts: ring, storage: undefined };
      const quotaBytes = components[name]?.storage.quotaBytes ?? 0;
      return {
        mounts: [...ring, { kind: "rw", source: found.path, target: storageDirectory }],
        storage: { quotaBytes, isLimited: found.isLimited },
      };
    },
    async remove() {
      await unmountStorage(paths.mountedStorage);
      await unmountRings(paths.trace);
    },
  };
}

/** A ring outlives its writer, so it stays for who is restarted as well. */
function sameRings(before: System, after: System): string[] {
  const ringOf = ({ components }: System, name: string) => components[name]?.trace.ringBytes ?? 0;
  return Object.keys(after.components).filter(
    (name) => ringOf(after, name) > 0 && ringOf(after, name) === ringOf(before, name),
  );
}

/** What outlives updates, and is as large as before: what mounts it may go on. */
function sameStorage({ system, own }: Before, after: System): Storages["mounts"] {
  const wishesOf = (one: System) => storageWishes(withSharedStorage(one));
  const same = wishesOf(after).filter(
    ({ component, quotaBytes, keep }) =>
      keep &&
      wishesOf(system).some((wish) => wish.component === component && wish.keep && wish.quotaBytes === quotaBytes),
  );
  return new Map([...own.stored.mounts].filter(([name]) => same.some(({ component }) => component === name)));
}
