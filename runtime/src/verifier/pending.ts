/**
 * The release that was endorsed and of which nobody has said yet what became of it. The management service was told that it is being
 * activated and does not ask again, so a cut before the root server has it on its own record must not lose it.
 */
import { join } from "node:path";
import { digestSchema } from "@bulkhead/protocol";
import { z } from "zod";
import { readOrTell, writeRecord } from "./own-record.ts";

const recordSchema = z.strictObject({ releaseDigest: digestSchema.nullable() });

export type Pending = {
  /** Left over from before the verifier's start. */
  readonly left: string | null;
  /** On the disk when it returns; of several the last counts. */
  note(releaseDigest: string): Promise<void>;
  /** Something became of `releaseDigest`. Another one goes on being pending. */
  settle(releaseDigest: string): Promise<void>;
};

/** Opens the record in `directory`. `damaged` is told where it cannot be read: nothing is pending then. */
export async function openPending(directory: string, damaged: (what: string) => void): Promise<Pending> {
  const file = join(directory, "pending.json");
  const stored = await readOrTell(file, recordSchema, damaged);
  const left = stored?.releaseDigest ?? null;
  let now = left;

  async function keep(releaseDigest: string | null): Promise<void> {
    await writeRecord(file, { releaseDigest });
    now = releaseDigest;
  }

  return {
    left,
    async note(releaseDigest) {
      if (now !== releaseDigest) await keep(releaseDigest);
    },
    async settle(releaseDigest) {
      if (now === releaseDigest) await keep(null);
    },
  };
}
