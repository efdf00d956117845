/**
 * The releases that were endorsed and of which nobody has said yet what became of them: the first, which the root server has in hand and may be copying or trying, and the
 * last, which waits for that there. The management service was told that they are being activated and does not ask again, so a cut before the root server has them on its
 * own record must not lose them. Of those between it takes none any more (decision 65).
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
/** With one alone as it was when there was room for one: the runtime in the other slot may be of then. */
const recordSchema = z.union([
  endorsedSchema.extend({ first: endorsedSchema.optional() }),
  z.strictObject({ releaseDigest: z.null() }),
]);
type PendingRecord = z.infer<typeof recordSchema>;

export type Pending = {
  /** Left over from before the verifier's start, in their order. */
  readonly left: readonly Endorsed[];
  /** Digests of what nothing was heard of. */
  unheard(): readonly string[];
  /** On the disk when it returns; of more than two the first and the last count. */
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
  const left = listOf(await readOrTell(file, recordSchema, damaged));
  let now = left;

  async function keep(list: readonly Endorsed[]): Promise<void> {
    await writeRecord(file, recordOf(list));
    now = list;
  }

  return {
    left,
    unheard: () => now.map(({ releaseDigest }) => releaseDigest),
    async note(endorsed) {
      const list = withNoted(now, endorsed);
      if (list !== now) await keep(list);
    },
    async settle(releaseDigest, work) {
      const others = now.filter((one) => one.releaseDigest !== releaseDigest);
      const isIt = others.length < now.length;
      now = others;
      await work();
      if (isIt) await keep(others);
    },
  };
}

/** The same list where that says nothing new. One that is noted already keeps its place, which is what it has at the root server. */
function withNoted(list: readonly Endorsed[], endorsed: Endorsed): readonly Endorsed[] {
  const known = list.find(({ releaseDigest }) => releaseDigest === endorsed.releaseDigest);
  if (known === undefined) return [...list.slice(0, 1), endorsed];
  return known.rollbackFrom === endorsed.rollbackFrom ? list : list.map((one) => (one === known ? endorsed : one));
}

function listOf(record: PendingRecord | undefined): readonly Endorsed[] {
  if (record === undefined || record.releaseDigest === null) return [];
  const { first, ...last } = record;
  return first === undefined ? [last] : [first, last];
}

function recordOf(list: readonly Endorsed[]): PendingRecord {
  const [first, last] = list;
  if (first === undefined) return { releaseDigest: null };
  return last === undefined ? first : { ...last, first };
}
