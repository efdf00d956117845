/**
 * Store and forward: a bounded queue on disk. What was appended is there after a power cut; what does not fit pushes out
 * the oldest, and how much that was is told with the first that follows. An entry leaves when its reader confirms it, so
 * it may be read twice, but is never skipped uncounted.
 *
 *   000000000000420.segment   entries 420 and up, one a line, never changed but at its end
 *   000000000000871.segment   …
 *   state.json                how far the reader is, and what was lost in front of which entry
 */
import type { z } from "zod";
import type { StoreFiles } from "./files.ts";
import { type Entry, formatEntry } from "./segment.ts";
import { openSegments, type Segments } from "./segments.ts";
import { readState, type State, writeState } from "./state.ts";

export type Batch<T> = {
  readonly items: readonly T[];
  /** So many were lost before the first of them. */
  readonly lost: number;
  /** They have arrived: the store may forget them. */
  confirm(): Promise<void>;
};

export type Store<T> = {
  /** Resolves when they outlive a power cut. `lost`: so many were lost before the first of them. */
  append(items: readonly T[], lost: number): Promise<void>;
  /** The oldest, at most `limit` and about `maxBytes` of them; undefined where nothing is stored. */
  read(limit: number, maxBytes: number): Promise<Batch<T> | undefined>;
  isEmpty(): boolean;
  close(): Promise<void>;
};

/**
 * Opens the store in `files`, which are its own, and finishes what a power cut interrupted. `boundBytes` is the most that
 * its segments take.
 */
export async function openStore<T>(files: StoreFiles, schema: z.ZodType<T>, boundBytes: number): Promise<Store<T>> {
  const state = await readState(files);
  const segments = await openSegments(files, boundBytes, state.next);
  state.next = Math.max(state.next, segments.oldest()?.first ?? 0);
  const reader = createReader(files, state, segments, schema);
  const append = createWriter<T>(state, segments, reader.dropOldest);
  // Another release may allow less.
  while (segments.oldest() && !segments.hasRoomFor(0)) await reader.dropOldest();
  const inTurn = createQueue();
  return {
    append: (items, lost) => inTurn(() => append(items, lost)),
    async read(limit, maxBytes) {
      const batch = await inTurn(() => reader.read(limit, maxBytes));
      return batch && { ...batch, confirm: () => inTurn(batch.confirm) };
    },
    isEmpty: () => endOf(segments, state) <= state.next,
    close: () => inTurn(segments.close),
  };
}

function endOf(segments: Segments, state: State): number {
  return segments.end() ?? Math.max(state.next, state.lost.before);
}

/** Appends in pieces that fit into a segment; one that does not is lost and told with the next. */
function createWriter<T>(state: State, segments: Segments, dropOldest: () => Promise<void>): Store<T>["append"] {
  let pending = 0;

  async function write(lines: readonly string[], sizeBytes: number): Promise<void> {
    while (segments.oldest() && !segments.hasRoomFor(sizeBytes)) await dropOldest();
    await segments.write(endOf(segments, state), lines, sizeBytes);
  }

  async function writeAll(items: readonly T[]): Promise<void> {
    let lines: string[] = [];
    let sizeBytes = 0;
    for (const item of items) {
      const line = formatEntry({ lost: pending, item });
      const lineBytes = Buffer.byteLength(line);
      if (lineBytes > segments.maxBytes) {
        pending += 1;
        continue;
      }
      if (sizeBytes + lineBytes > segments.maxBytes) {
        await write(lines, sizeBytes);
        lines = [];
        sizeBytes = 0;
      }
      lines.push(line);
      sizeBytes += lineBytes;
      pending = 0;
    }
    if (lines.length > 0) await write(lines, sizeBytes);
  }

  return async (items, lost) => {
    const before = pending;
    pending += lost;
    try {
      await writeAll(items);
    } catch (error) {
      // The caller comes again with all of them.
      pending = before;
      throw error;
    }
  };
}

function createReader<T>(files: StoreFiles, state: State, segments: Segments, schema: z.ZodType<T>) {
  const unread = async (): Promise<readonly Entry[]> => {
    const oldest = segments.oldest();
    return oldest ? (await segments.readOldest()).slice(Math.max(0, state.next - oldest.first)) : [];
  };

  /** The loss is on disk before the segment goes: after a power cut between the two, opening removes it. */
  async function dropOldest(): Promise<void> {
    const entries = await unread();
    const oldest = segments.oldest();
    if (!oldest) return;
    const untold = state.lost.before >= state.next ? state.lost.count : 0;
    const count = entries.reduce((sum, { lost }) => sum + lost + 1, untold);
    const before = Math.max(state.next, oldest.first + oldest.count);
    state.lost = { before, count };
    state.next = before;
    await writeState(files, state, true);
    await segments.removeOldest();
  }

  async function read(limit: number, maxBytes: number): Promise<Batch<T> | undefined> {
    while (segments.oldest()) {
      const entries = await unread();
      if (entries.length > 0) return batchOf(entries.slice(0, limit), maxBytes);
      await forgetOldest();
    }
    return undefined;
  }

  function batchOf(entries: readonly Entry[], maxBytes: number): Batch<T> {
    const from = state.next;
    const taken = takeUntilLoss(entries, maxBytes);
    const items = taken.flatMap(({ item }) => schema.safeParse(item).data ?? []);
    const dropped = state.lost.before === from ? state.lost.count : 0;
    // What is stored was checked when it came; one that fits no more is of another version, and counts as lost.
    const lost = dropped + (taken[0]?.lost ?? 0) + (taken.length - items.length);
    return { items, lost, confirm: () => confirm(from + taken.length) };
  }

  async function confirm(next: number): Promise<void> {
    if (next <= state.next) return;
    state.next = next;
    const oldest = segments.oldest();
    if (oldest && oldest.first + oldest.count <= next) await forgetOldest();
    // Where nothing was lost, a state that a power cut destroys costs only entries that come twice.
    else await writeState(files, state, state.lost.count > 0);
  }

  /** Everything in it has arrived. */
  async function forgetOldest(): Promise<void> {
    if (state.lost.before < state.next) state.lost = { before: state.next, count: 0 };
    await writeState(files, state, state.lost.count > 0);
    await segments.removeOldest();
  }

  return { read, dropOldest };
}

/** As many as fit, one at least; the next one that something was lost in front of begins a batch of its own. */
function takeUntilLoss(entries: readonly Entry[], maxBytes: number): readonly Entry[] {
  let total = 0;
  const end = entries.findIndex((entry, index) => {
    total += JSON.stringify(entry.item).length;
    return index > 0 && (entry.lost > 0 || total > maxBytes);
  });
  return end === -1 ? entries : entries.slice(0, end);
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
