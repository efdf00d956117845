/**
 * The release that was endorsed and of which nobody has said yet what became of it. The management service was told that it is being
 * activated and does not ask again, so a cut before the root server has it on its own record must not lose it.
 */
import { join } from "node:path";
import { digestSchema, releaseCounterSchema } from "@bulkhead/protocol";
import { z } from "zod";
import { readOrTell, writeRecord } from "./own-record.ts";

const endorsedSchema = z.strictObject({
  releaseDigest: digestSchema,
  /** Of its rollback statement, where it has one. */
  rollbackFrom: releaseCounterSchema.optional(),
});
export type Endorsed = z.infer<typeof endorsedSchema>;
const recordSchema = z.union([endorsedSchema, z.strictObject({ releaseDigest: z.null() })]);

export type Pending = {
  /** Left over from before the verifier's start. */
  readonly left: Endorsed | null;
  /**
   * Digests of what was endorsed and not heard of: the first, which the root server has in hand and may be copying, and the last, which waits for it there. Of those between
   * it takes none any more.
   */
  unheard(): readonly string[];
  /** On the disk when it returns; of several the last counts. */
  note(endorsed: Endorsed): Promise<void>;
  /**
   * Something became of `releaseDigest`: `work` is what that asks for. Another one goes on being pending. What cannot be done, or written, is asked for again after the next
   * start, and keeps nothing waiting until then.
   */
  settle(releaseDigest: string, work: () => Promise<void>): Promise<void>;
};

/** Opens the record in `directory`. `damaged` is told where it cannot be read: nothing is pending then. */
export async function openPending(directory: string, damaged: (what: string) => void): Promise<Pending> {
  const file = join(directory, "pending.json");
  const stored = await readOrTell(file, recordSchema, damaged);
  const left = stored === undefined || stored.releaseDigest === null ? null : stored;
  let now = left;
  let unheard = left === null ? [] : [left.releaseDigest];

  async function keep(endorsed: Endorsed | null): Promise<void> {
    await writeRecord(file, endorsed ?? { releaseDigest: null });
    now = endorsed;
  }

  return {
    left,
    unheard: () => unheard,
    async note(endorsed) {
      if (now?.releaseDigest !== endorsed.releaseDigest || now.rollbackFrom !== endorsed.rollbackFrom)
        await keep(endorsed);
      const { releaseDigest } = endorsed;
      if (!unheard.includes(releaseDigest)) unheard = [...unheard.slice(0, 1), releaseDigest];
    },
    async settle(releaseDigest, work) {
      const isIt = now?.releaseDigest === releaseDigest;
      if (isIt) now = null;
      unheard = unheard.filter((digest) => digest !== releaseDigest);
      await work();
      if (isIt) await keep(null);
    },
  };
}
