/** The time-outs of one client: bounded in number, independent of the time of day. */
import { BulkheadError } from "@bulkhead/protocol";

/** A component with more things to wait for than this keeps its own list and asks for the next of them. */
export const maxTimers = 64;

export type Timers = {
  /** Starts time-out `id` anew, also where it is running: asking twice is asking once. */
  after: (id: number, delayMs: number) => void;
  /** Forgets a time-out; one that is unknown or over is no error. */
  cancel: (id: number) => void;
  /** The client has gone. */
  cancelAll: () => void;
};

/** Time-outs that call `expire(id)`. Throws IPC_OVERLOADED beyond `limit` at a time. */
export function createTimers(expire: (id: number) => void, limit = maxTimers): Timers {
  // Node's timers run on the monotonic clock of libuv: setting the time of day moves none of them.
  const running = new Map<number, NodeJS.Timeout>();

  function cancel(id: number): void {
    clearTimeout(running.get(id));
    running.delete(id);
  }

  return {
    after(id, delayMs) {
      cancel(id);
      if (running.size >= limit) {
        throw new BulkheadError("IPC_OVERLOADED", `a client of the clock server may have ${limit} time-outs at a time`);
      }
      const timer = setTimeout(() => {
        running.delete(id);
        expire(id);
      }, delayMs);
      running.set(id, timer);
    },
    cancel,
    cancelAll: () => [...running.keys()].forEach(cancel),
  };
}
