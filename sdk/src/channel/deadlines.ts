/**
 * The deadlines of many calls on one timer: a timer of its own for each would cost more than the rest of the call's
 * bookkeeping, and nearly all of them are called off.
 */
export type Deadlines = {
  /** A call has to be done at `dueMs` of `performance.now()`. */
  add(dueMs: number): void;
};

/** `expire` ends what is due at `nowMs`, and returns when the next one is (Infinity: none). */
export function createDeadlines(expire: (nowMs: number) => number): Deadlines {
  let timer: NodeJS.Timeout | undefined;
  let wakeMs = Number.POSITIVE_INFINITY;

  function arm(dueMs: number): void {
    clearTimeout(timer);
    wakeMs = dueMs;
    // Nothing is late by it alone: what waits keeps the process alive by its connection.
    timer = setTimeout(wake, Math.max(1, Math.ceil(dueMs - performance.now()))).unref();
  }

  function wake(): void {
    wakeMs = Number.POSITIVE_INFINITY;
    const nextMs = expire(performance.now());
    if (nextMs < wakeMs) arm(nextMs);
  }

  return {
    add(dueMs) {
      if (dueMs < wakeMs) arm(dueMs);
    },
  };
}
