/** Runs one task after another; who comes when too many wait is told so at once. */
import { BulkheadError } from "@bulkhead/protocol";

export type Queue = {
  /** For what others ask: more than `maxWaiting` that wait or run are refused with IPC_OVERLOADED. */
  ask<T>(task: () => Promise<T>): Promise<T>;
  /** In its turn as well, and never refused: whoever fills the queue does not keep this out. */
  always<T>(task: () => Promise<T>): Promise<T>;
};

export function createQueue(maxWaiting: number): Queue {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  function always<T>(task: () => Promise<T>): Promise<T> {
    const result = last.then(task, task);
    last = result.catch(() => undefined);
    return result;
  }

  return {
    always,
    async ask(task) {
      if (waiting >= maxWaiting) throw new BulkheadError("IPC_OVERLOADED", `${maxWaiting} requests wait already`);
      waiting++;
      return always(task).finally(() => waiting--);
    },
  };
}
