/** The reading end of a store: the oldest first, and what was lost in front of them. */
import { type Loss, mergeLosses } from "@bulkhead/protocol";
import type { Entry } from "./segment.ts";
import type { Segment, Segments } from "./segments.ts";
import { type State, writeState } from "./state.ts";
import type { Batch, StoreOptions } from "./store.ts";

export type Reader<T> = {
  read(limit: number, maxBytes: number): Promise<Batch<T> | undefined>;
  /** Throws the oldest segment away and answers what of it nobody has had. */
  dropOldest(): Promise<readonly Loss[]>;
  /** Tries once more to write down what found no room. */
  settle(): Promise<void>;
};

/** Of the version that wrote it somebody knew; this one does not. */
const unknownLoss = (count: number): Loss => ({ stream: "", count, fromMs: null, toMs: null });

export function createReader<T>(options: StoreOptions<T>, state: State, segments: Segments): Reader<T> {
  const { files, schema, lossOf } = options;

  function addLoss(before: number, losses: readonly Loss[]): void {
    const untold = state.lost.before >= state.next ? state.lost.losses : [];
    state.lost = { before, losses: mergeLosses(untold, losses) };
    state.next = before;
  }

  /** The oldest and its entries that nobody has confirmed; what is missing in front of it is lost. */
  async function unread(): Promise<{ oldest: Segment; entries: readonly Entry[] } | undefined> {
    const oldest = segments.oldest();
    if (!oldest) return undefined;
    const entries = await segments.readOldest();
    if (oldest.first > state.next) addLoss(oldest.first, [unknownLoss(oldest.first - state.next)]);
    return { oldest, entries: entries.slice(state.next - oldest.first) };
  }

  const lossOfEntry = ({ lost, item }: Entry): Loss[] => {
    const { data } = schema.safeParse(item);
    return mergeLosses(lost, [data === undefined ? unknownLoss(1) : lossOf(data)]);
  };

  async function dropOldest(): Promise<readonly Loss[]> {
    const found = await unread();
    if (!found) return [];
    const { oldest, entries } = found;
    const losses = entries.reduce<Loss[]>((sum, entry) => mergeLosses(sum, lossOfEntry(entry)), []);
    addLoss(Math.max(state.next, oldest.first + oldest.count), losses);
    await removeOldest();
    return losses;
  }

  /**
   * The state is on disk before the segment goes: after a power cut between the two, opening removes it. On a full disk the
   * segment has to go first; a power cut then leaves a gap in the numbers, which opening counts.
   */
  async function removeOldest(): Promise<void> {
    const isWritten = await writeState(files, state).then(
      () => true,
      () => false,
    );
    await segments.removeOldest();
    isOwed = !isWritten;
    await settle();
  }

  let isOwed = false;
  async function settle(): Promise<void> {
    if (!isOwed) return;
    isOwed = await writeState(files, state).then(
      () => false,
      () => true,
    );
  }

  async function read(limit: number, maxBytes: number): Promise<Batch<T> | undefined> {
    for (let found = await unread(); found; found = await unread()) {
      if (found.entries.length > 0) return batchOf(found.entries.slice(0, limit), maxBytes);
      await forgetOldest();
    }
    return undefined;
  }

  function batchOf(entries: readonly Entry[], maxBytes: number): Batch<T> {
    const from = state.next;
    const taken = takeUntilLoss(entries, maxBytes);
    const items = taken.flatMap(({ item }) => schema.safeParse(item).data ?? []);
    const dropped = state.lost.before === from ? state.lost.losses : [];
    const unreadable = taken.length - items.length;
    const lost = mergeLosses(
      mergeLosses(dropped, taken[0]?.lost ?? []),
      unreadable > 0 ? [unknownLoss(unreadable)] : [],
    );
    return { items, lost, confirm: () => confirm(from + taken.length) };
  }

  async function confirm(next: number): Promise<void> {
    if (next <= state.next) return;
    state.next = next;
    const oldest = segments.oldest();
    if (oldest && oldest.first + oldest.count <= next) await forgetOldest();
    // Where there is no room for it, a power cut brings entries twice, which their receiver knows.
    else await writeState(files, state).catch(() => undefined);
  }

  /** Everything in it has arrived. */
  async function forgetOldest(): Promise<void> {
    if (state.lost.before < state.next) state.lost = { before: state.next, losses: [] };
    await removeOldest();
  }

  return { read, dropOldest, settle };
}

/** As many as fit, one at least; the next one that something was lost in front of begins a batch of its own. */
function takeUntilLoss(entries: readonly Entry[], maxBytes: number): readonly Entry[] {
  let total = 0;
  const end = entries.findIndex((entry, index) => {
    total += JSON.stringify(entry.item).length;
    return index > 0 && (entry.lost.length > 0 || total > maxBytes);
  });
  return end === -1 ? entries : entries.slice(0, end);
}
