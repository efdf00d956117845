/**
 * What runs for one channel, whatever becomes of its connections: a client that comes again and again must not pile up
 * work that nobody waits for any more.
 */
import { BulkheadError, maxOutstandingCalls } from "@bulkhead/protocol";

/** A client that is restarted some times finds room although its earlier calls still run. */
const maxHandlers = 4 * maxOutstandingCalls;

export type Load = {
  /** Throws IPC_OVERLOADED where no more may begin. */
  check(): void;
  /** Counts work until it ends. */
  run(work: Promise<unknown>): void;
};

export function createLoad(): Load {
  let handlers = 0;
  const end = () => {
    handlers--;
  };
  return {
    check() {
      if (handlers < maxHandlers) return;
      throw new BulkheadError(
        "IPC_OVERLOADED",
        `${maxHandlers} calls and streams, of earlier connections too, still run`,
      );
    },
    run(work) {
      handlers++;
      work.then(end, end);
    },
  };
}
