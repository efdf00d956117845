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
  /** On the disk when it returns; of several the last counts. */
  note(endorsed: Endorsed): Promise<void>;
  /** Something became of `releaseDigest`. Another one goes on being pending. */
  settle(releaseDigest: string): Promise<void>;
};

/** Opens the record in `directory`. `damaged` is told where it cannot be read: nothing is pending then. */
export async function openPending(directory: string, damaged: (what: string) => void): Promise<Pending> {
  const file = join(directory, "pending.json");
  const stored = await readOrTell(file, recordSchema, damaged);
  const left = stored === undefined || stored.releaseDigest === null ? null : stored;
  let now = left;

  async function keep(endorsed: Endorsed | null): Promise<void> {
    await writeRecord(file, endorsed ?? { releaseDigest: null });
    now = endorsed;
  }

  return {
    left,
    async note(endorsed) {
      if (now?.releaseDigest !== endorsed.releaseDigest || now.rollbackFrom !== endorsed.rollbackFrom)
        await keep(endorsed);
    },
    async settle(releaseDigest) {
      if (now?.releaseDigest === releaseDigest) await keep(null);
    },
  };
}
