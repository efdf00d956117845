/** A path on which a device is updated, as what tries it on a disk that is cut, or full, has it. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What was told to somebody, or acted upon: from then on no power cut may take it back. */
export type Milestones = ReadonlySet<string>;

export type UpdatePath = {
  /** Makes the device as it is before, in the directory `root`, which is there. */
  prepare(root: string): Promise<void>;
  /** As often as it is begun anew, by a process that was killed, it comes to the same end. */
  run(root: string, reached: (milestone: string) => Promise<void>): Promise<void>;
  /** Starts the product on what a cut has left, with the milestones that were reached before it. Throws what is wrong. */
  check(root: string, reached: Milestones): Promise<void>;
  /** Milestones that are reached without room for them as well: what has happened is in force, and at the next start it is decided once more (`kept-record.ts`). */
  readonly notWrittenWhenFull?: readonly string[];
};

/** The product has not done what a path is there for. With room that is a fault, and without it the path's end; whatever else a path asserts is a fault in any case. */
export class NotDone extends Error {}

export function expectDone(isDone: boolean, what: string): void {
  if (!isDone) throw new NotDone(`${what}: not done`);
}

/** Memory, where this machine has it as a file system: what is synced here needs no disk. */
const scratchRoot = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** `before` is the device as it is before. */
export async function inScratch<T>(
  path: UpdatePath,
  work: (places: { scratch: string; before: string }) => Promise<T>,
): Promise<T> {
  const scratch = await mkdtemp(join(scratchRoot, "bulkhead-cut-"));
  try {
    const before = join(scratch, "before");
    await mkdir(before);
    await path.prepare(before);
    return await work({ scratch, before });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
