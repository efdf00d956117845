/**
 * The writing end of a stream: an item leaves while there is credit and the connection takes it; else its writer waits.
 * Nothing is dropped. It knows nothing of interfaces and connections.
 */
import { BulkheadError } from "@bulkhead/protocol";

/** Writes that wait for credit. Who does not wait for them piles up its own memory, and not without bound. */
const maxWaiting = 256;

export type WriterOptions = {
  /** Sends one item and returns the credit that it took. What it throws is the failure of that write alone. */
  send(item: unknown): number;
  /** Says that no item follows. */
  end(): void;
  /** True while the connection has more than enough to do. */
  isClogged(): boolean;
};

export type Writer = {
  /** Resolves when the item has been handed to the connection; rejects with what closed the stream. */
  write(item: unknown): Promise<void>;
  /** Resolves when all items before it have been handed on, and says so to the reader. */
  end(): Promise<void>;
  addCredit(sizeBytes: number): void;
  /** The connection takes more again. */
  wake(): void;
  /** Nothing can be written any more; writes that wait fail with `error`. */
  close(error: BulkheadError): void;
};

type Waiting = { item: unknown; resolve(): void; reject(error: unknown): void };

/** `creditBytes`: what may be sent at once. */
export function createWriter(options: WriterOptions, creditBytes: number): Writer {
  let credit = creditBytes;
  let closed: BulkheadError | undefined;
  let isEnding = false;
  const waiting: Waiting[] = [];
  let onEmpty: (() => void) | undefined;
  let onFailed: ((error: BulkheadError) => void) | undefined;

  const maySend = () => credit > 0 && !options.isClogged();

  function sendNext(): void {
    while (waiting.length > 0 && maySend()) {
      const next = waiting.shift() as Waiting;
      try {
        credit -= options.send(next.item);
        next.resolve();
      } catch (error) {
        next.reject(error);
      }
    }
    if (waiting.length === 0) onEmpty?.();
  }

  return {
    write(item) {
      if (closed) return Promise.reject(closed);
      if (isEnding) return Promise.reject(new BulkheadError("IPC_STREAM_CANCELLED", "the stream has been ended"));
      if (waiting.length >= maxWaiting) {
        return Promise.reject(new BulkheadError("IPC_OVERLOADED", `${maxWaiting} items wait for credit already`));
      }
      return new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        if (waiting.length === 1) sendNext();
      });
    },
    end() {
      if (closed) return Promise.reject(closed);
      if (isEnding) return Promise.resolve();
      isEnding = true;
      return new Promise((resolve, reject) => {
        onFailed = reject;
        onEmpty = () => {
          onEmpty = undefined;
          options.end();
          resolve();
        };
        if (waiting.length === 0) onEmpty();
      });
    },
    addCredit(sizeBytes) {
      credit += sizeBytes;
      sendNext();
    },
    wake: sendNext,
    close(error) {
      if (closed) return;
      closed = error;
      onEmpty = undefined;
      for (const { reject } of waiting.splice(0)) reject(error);
      onFailed?.(error);
    },
  };
}
