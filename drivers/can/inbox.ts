/** Frames between the kernel, which does not wait, and a reader, who may be slow: bounded, and what is dropped is counted. */
import type { BulkheadError } from "@bulkhead/protocol";
import type { CanFrame } from "./driver.ts";
import { keptFrames } from "./interface.ts";

type Heard = CanFrame & { readonly timeUs: number };

export function createInbox() {
  let frames: Heard[] = [];
  let lost = 0;
  let failure: BulkheadError | undefined;
  let isRead = false;
  let wake: () => void = () => {};
  return {
    put(frame: Heard): void {
      if (!isRead) return;
      frames.push(frame);
      if (frames.length > keptFrames) {
        frames.shift();
        lost += 1;
      }
      wake();
    },
    /** Ends who reads. */
    fail(error: BulkheadError): void {
      failure = error;
      wake();
    },
    /** What comes from now on; one reader at a time, a second one takes the place of the first. Throws what `fail` was given. */
    async *read(signal: AbortSignal): AsyncGenerator<Heard & { lost: number }> {
      wake();
      [frames, lost, failure, isRead] = [[], 0, undefined, true];
      const own = frames;
      const stop = () => wake();
      signal.addEventListener("abort", stop);
      try {
        while (!signal.aborted && frames === own) {
          const frame = frames.shift();
          if (frame !== undefined) {
            const dropped = lost;
            lost = 0;
            yield { ...frame, lost: dropped };
          } else if (failure !== undefined) throw failure;
          else await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        signal.removeEventListener("abort", stop);
        if (frames === own) isRead = false;
      }
    },
  };
}
