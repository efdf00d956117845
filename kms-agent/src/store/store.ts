/**
 * Store and forward: a bounded queue on disk. What was appended is there after a power cut; what does not fit pushes out
 * the oldest, and what that was is told with the first that follows. An entry leaves when its reader confirms it, so
 * it may be read twice, but is never skipped uncounted.
 *
 *   000000000000420.segment   entries 420 and up, one a line, never changed but at its end
 *   000000000000871.segment   …
 *   state.json                how far the reader is, and what was lost in front of which entry
 */
import type { Loss } from "@bulkhead/protocol";
import type { z } from "zod";
import type { StoreFiles } from "./files.ts";
import { createReader } from "./reader.ts";
import { openSegments } from "./segments.ts";
import { newState, readState } from "./state.ts";
import { createWriter } from "./writer.ts";

export type StoreOptions<T> = {
  /** Its own. */
  readonly files: StoreFiles;
  readonly schema: z.ZodType<T>;
  /** The most that its segments take. */
  readonly boundBytes: number;
  /** What it means that an item is lost. */
  lossOf(item: T): Loss;
  /** The disk has no room, below the bound: this of the oldest went for what is new. */
  onFull?(losses: readonly Loss[]): void;
};

export type Batch<T> = {
  readonly items: readonly T[];
  /** What was lost before the first of them. */
  readonly lost: readonly Loss[];
  /** They have arrived: the store may forget them. */
  confirm(): Promise<void>;
};

export type Store<T> = {
  /**
   * Resolves when they outlive a power cut, with how many of them do: all but where the disk is full. Throws where it is
   * none. `lost` was lost before the first of them.
   */
  append(items: readonly T[], lost: readonly Loss[]): Promise<number>;
  /** The oldest, at most `limit` and about `maxBytes` of them; undefined where nothing is stored. */
  read(limit: number, maxBytes: number): Promise<Batch<T> | undefined>;
  isEmpty(): boolean;
  close(): Promise<void>;
};

/** Opens the store in its files, and finishes what a power cut interrupted. */
export async function openStore<T>(options: StoreOptions<T>): Promise<Store<T>> {
  const found = await readState(options.files);
  const state = found ?? newState();
  const segments = await openSegments(options.files, options.boundBytes, state.next);
  // Nothing says how much a reader had when its state is gone.
  if (!found) state.next = Math.max(state.next, segments.oldest()?.first ?? 0);
  const reader = createReader(options, state, segments);
  const append = createWriter(options, state, segments, reader.dropOldest);
  // Another release may allow less.
  while (segments.oldest() && !segments.hasRoomFor(0)) await reader.dropOldest();
  const inTurn = createQueue();
  return {
    append: (items, lost) => inTurn(() => append(items, lost)),
    async read(limit, maxBytes) {
      const batch = await inTurn(() => reader.read(limit, maxBytes));
      return batch && { ...batch, confirm: () => inTurn(batch.confirm) };
    },
    isEmpty: () => (segments.end() ?? 0) <= state.next,
    close: () => inTurn(() => reader.settle().then(segments.close)),
  };
}

/** One after the other, whatever became of the one before. */
function createQueue(): <R>(work: () => Promise<R>) => Promise<R> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };
}
