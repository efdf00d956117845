/**
 * The reading end of a stream: holds what was sent within the credit that it gave, and gives new credit as its items
 * are taken. It knows nothing of interfaces and connections.
 */
import { BulkheadError, streamWindowBytes } from "@bulkhead/protocol";

export type ReaderOptions = {
  /** Lets the writer send so many bytes more. */
  grant(sizeBytes: number): void;
  /** Tells the writer that nothing more is wanted. Called at most once, and never after `finish`. */
  cancel(): void;
};

export type Reader = {
  items: AsyncIterableIterator<unknown>;
  /** Takes one item; throws IPC_FRAME_INVALID where the writer had no credit for it. */
  take(item: unknown, sizeBytes: number): void;
  /** The writer has ended: with null after its last item, else with why there are no more. */
  finish(error: BulkheadError | null): void;
};

type Result = IteratorResult<unknown, undefined>;
type Asking = { resolve(result: Result): void; reject(error: BulkheadError): void };

const done: Result = { done: true, value: undefined };

/** A reader that gave `streamWindowBytes` of credit when it was opened. */
export function createReader({ grant, cancel }: ReaderOptions): Reader {
  const buffer: { item: unknown; sizeBytes: number }[] = [];
  const asking: Asking[] = [];
  let credit = streamWindowBytes;
  /** Taken by the reader and not yet given back as credit. */
  let consumed = 0;
  /** How the stream ended; undefined while it goes on. */
  let ended: { error: BulkheadError | null } | undefined;

  function consume(sizeBytes: number): void {
    consumed += sizeBytes;
    // In halves: a frame of credit per item would double the messages.
    if (ended || consumed < streamWindowBytes / 2) return;
    credit += consumed;
    grant(consumed);
    consumed = 0;
  }

  function end(error: BulkheadError | null): void {
    ended = { error };
    for (const { resolve, reject } of asking.splice(0)) error ? reject(error) : resolve(done);
  }

  const items: AsyncIterableIterator<unknown> = {
    next() {
      const held = buffer.shift();
      if (held) {
        consume(held.sizeBytes);
        return Promise.resolve({ done: false, value: held.item });
      }
      if (!ended) return new Promise((resolve, reject) => asking.push({ resolve, reject }));
      const { error } = ended;
      // Told once; after it the stream is over, as for every iterator.
      ended = { error: null };
      return error ? Promise.reject(error) : Promise.resolve(done);
    },
    return() {
      if (!ended) {
        end(null);
        cancel();
      }
      ended = { error: null };
      buffer.length = 0;
      return Promise.resolve(done);
    },
    [Symbol.asyncIterator]: () => items,
  };

  return {
    items,
    take(item, sizeBytes) {
      if (ended) return;
      if (credit <= 0) throw new BulkheadError("IPC_FRAME_INVALID", "an item came without credit");
      credit -= sizeBytes;
      const asked = asking.shift();
      if (!asked) {
        buffer.push({ item, sizeBytes });
        return;
      }
      consume(sizeBytes);
      asked.resolve({ done: false, value: item });
    },
    finish(error) {
      if (!ended) end(error);
    },
  };
}
