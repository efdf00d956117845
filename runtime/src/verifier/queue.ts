/** Runs one task after another; who comes when too many wait is told so at once. */
import { BulkheadError } from "@bulkhead/protocol";

export type Queue = <T>(task: () => Promise<T>) => Promise<T>;

/** A queue in which at most `maxWaiting` tasks wait or run; more are refused with IPC_OVERLOADED. */
export function createQueue(maxWaiting: number): Queue {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return async (task) => {
    if (waiting >= maxWaiting) throw new BulkheadError("IPC_OVERLOADED", `${maxWaiting} requests wait already`);
    waiting++;
    const result = last.then(task, task).finally(() => waiting--);
    last = result.catch(() => undefined);
    return result;
  };
}
