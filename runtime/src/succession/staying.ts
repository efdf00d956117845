/** Who goes on when a generation takes over from another: whoever could not tell the two apart. Pure. */
import type { System } from "@bulkhead/protocol";
import { footprintOf, type Running, type Site } from "./footprint.ts";

/**
 * The components that go on, in the order of start: the same in both, ready, and so are all on which they depend strongly. Nobody
 * where one of the two systems wants all restarted, or the security epoch is another.
 */
export function stayingOf(
  before: Running,
  after: Running,
  site: Site,
  isReady: (name: string) => boolean,
): readonly string[] {
  const { system } = after.release;
  if (restartsAll(before.release.system) || restartsAll(system)) return [];
  // What must never run again may have been taken over through the very hole.
  if (before.release.securityEpoch !== after.release.securityEpoch) return [];
  const staying = new Set<string>();
  // A provider stands before those that depend on it strongly.
  for (const name of system.startOrder) {
    const isSame = isReady(name) && footprintOf(name, before, site) === footprintOf(name, after, site);
    if (isSame && strongProvidersOf(system, name).every((provider) => staying.has(provider))) staying.add(name);
  }
  return [...staying];
}

const restartsAll = ({ update }: System): boolean => update?.restart === "all";

function strongProvidersOf({ channels }: System, name: string): string[] {
  return channels.flatMap(({ client, provider, dependency }) =>
    client === name && dependency === "strong" ? [provider] : [],
  );
}
