/** The uids of one system: nobody else's on this machine, and no other system's, whose files and processes they would be. */
import { createHash } from "node:crypto";

/** null: the uid that starts it. `components` is the first of a range. */
export type Uids = { kms: number | null; components: number | null };

/** Far from those of people, packages and containers (systemd's end at 1879048191), below what the root server takes. */
const first = 1_900_000_000;
const perSystem = 10_000;
const systems = 10_000;

/**
 * As root: a range that the state directory's path gives. `owner` is whose its files are already; what was given once stays.
 * Pure.
 */
export function rootsUids(stateDir: string, owner: number | null): Uids {
  const slot = createHash("sha256").update(stateDir).digest().readUInt32BE(0) % systems;
  const isGiven = owner !== null && owner >= first && owner < first + systems * perSystem;
  const kms = isGiven ? owner : first + slot * perSystem;
  return { kms, components: kms + 1000 };
}
