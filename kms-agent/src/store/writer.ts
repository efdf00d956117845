/** The writing end of a store: entries in pieces that fit into a segment, room made by dropping the oldest. */
import { BulkheadError, type Loss, mergeLosses, withoutStreams } from "@bulkhead/protocol";
import { formatEntry } from "./segment.ts";
import type { Segments } from "./segments.ts";
import type { State } from "./state.ts";
import type { Store, StoreOptions } from "./store.ts";

type Piece = { readonly lines: readonly string[]; readonly sizeBytes: number; readonly items: number };

/** `dropOldest` answers what was lost by it. */
export function createWriter<T>(
  { lossOf, onFull }: Pick<StoreOptions<T>, "lossOf" | "onFull">,
  state: State,
  segments: Segments,
  dropOldest: () => Promise<readonly Loss[]>,
): Store<T>["append"] {
  /** Lost after the last entry: it is told with the next. */
  let pending: readonly Loss[] = [];

  async function write(piece: Piece): Promise<void> {
    while (segments.oldest() && !segments.hasRoomFor(piece.sizeBytes)) await dropOldest();
    while (!(await isWritten(piece))) {
      const losses = await dropOldest();
      onFull?.(losses);
    }
  }

  /** False where the disk is full and there is something that can go; throws where there is nothing. */
  async function isWritten({ lines, sizeBytes }: Piece): Promise<boolean> {
    try {
      await segments.write(segments.end() ?? Math.max(state.next, state.lost.before), lines, sizeBytes);
      return true;
    } catch (error) {
      // What was begun and got no entry is nothing to give.
      await segments.removeEmpty();
      if (!isFull(error) || !segments.oldest()) throw error;
      return false;
    }
  }

  function lineOf(item: T, lost: readonly Loss[]): string {
    const line = formatEntry({ lost, item });
    const isTooLong = lost.length > 1 && Buffer.byteLength(line) > segments.maxBytes;
    return isTooLong ? formatEntry({ lost: withoutStreams(lost), item }) : line;
  }

  /** One that fits into no segment is lost, and told with the next. */
  function* piecesOf(items: readonly T[]): Generator<Piece> {
    let piece = { lines: [] as string[], sizeBytes: 0, items: 0 };
    for (const item of items) {
      const line = lineOf(item, pending);
      const lineBytes = Buffer.byteLength(line);
      const isTooLong = lineBytes > segments.maxBytes;
      if (!isTooLong && piece.sizeBytes + lineBytes > segments.maxBytes) {
        yield piece;
        piece = { lines: [], sizeBytes: 0, items: 0 };
      }
      piece.items += 1;
      if (isTooLong) pending = mergeLosses(pending, [lossOf(item)]);
      else {
        piece.lines.push(line);
        piece.sizeBytes += lineBytes;
        pending = [];
      }
    }
    yield piece;
  }

  return async (items, lost) => {
    let before = pending;
    let stored = 0;
    pending = mergeLosses(pending, lost);
    try {
      for (const piece of piecesOf(items)) {
        if (piece.lines.length > 0) await write(piece);
        stored += piece.items;
        before = pending;
      }
    } catch (error) {
      // The caller comes again with those that are not stored.
      pending = before;
      if (stored === 0) throw error;
    }
    return stored;
  };
}

function isFull(error: unknown): boolean {
  return error instanceof BulkheadError && error.code === "STORAGE_FULL";
}
