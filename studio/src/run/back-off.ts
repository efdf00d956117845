/** How long to wait before something that ended by itself is started again: not at all at first, then longer and longer. */

/** Who ran this long has recovered: its next end counts as the first. */
const steadyMs = 30_000;
const firstMs = 250;
const longestMs = 5_000;

export type BackOff = {
  /** Ends in a row, none of which came after a steady run. */
  failures(): number;
  /** Takes note of one more end, after a run of `ranMs` (0 for a start that failed); returns the wait in milliseconds. */
  next(ranMs: number): number;
};

/** 0, 250, 500, 1000 … 5000 ms; from the start again after a run of 30 s. */
export function backOff(): BackOff {
  let failures = 0;
  return {
    failures: () => failures,
    next(ranMs) {
      if (ranMs >= steadyMs) failures = 0;
      failures += 1;
      return failures === 1 ? 0 : Math.min(firstMs * 2 ** (failures - 2), longestMs);
    },
  };
}
