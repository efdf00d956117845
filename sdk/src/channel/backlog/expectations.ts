/** How large the answers of the handlers that run for one client are going to be, as far as those before them tell. */
import { maxOutstandingCalls } from "@bulkhead/protocol";
import { maxOnTheWayBytes } from "./bounds.ts";

/** An answer of this size may be expected of every call that a client can have open. */
const smallBytes = maxOnTheWayBytes / maxOutstandingCalls;
/** A handler that runs for longer waits for something; what it may answer one day must not keep others from beginning. */
const expectedForMs = 250;

export type Expectations = {
  /** How large an answer of `operation` was. */
  learn(operation: string, sizeBytes: number): void;
  /** A handler of `operation` begins; the result is to be called when it ends. */
  begin(operation: string): () => void;
  /** Of all handlers that run. */
  totalBytes(): number;
  close(): void;
};

/** `onLess` is called when less is expected than before. */
export function createExpectations(onLess: () => void): Expectations {
  /** The largest answers of late, by operation; no entry: all were small. */
  const sizes = new Map<string, number>();
  const timers = new Set<NodeJS.Timeout>();
  let totalBytes = 0;

  return {
    totalBytes: () => totalBytes,
    learn(operation, sizeBytes) {
      const known = sizes.get(operation);
      if (known === undefined && sizeBytes <= smallBytes) return;
      sizes.set(operation, Math.max(sizeBytes, (known ?? 0) * 0.875));
    },
    begin(operation) {
      const sizeBytes = sizes.get(operation) ?? 0;
      if (sizeBytes <= smallBytes) return () => {};
      totalBytes += sizeBytes;
      const end = () => {
        if (!timers.delete(timer)) return;
        clearTimeout(timer);
        totalBytes -= sizeBytes;
        onLess();
      };
      const timer = setTimeout(end, expectedForMs);
      timers.add(timer);
      return end;
    },
    close() {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
