/** Tells readers that there are new lines: at once, and then at most once per interval however many come. */

/** Ten a second, as the console interface promises. */
export const announceMs = 100;

/** Answers a function to call for each new line; `tell` hears the newest number, never more often than the interval. */
export function createAnnouncer(tell: (sequence: number) => void, intervalMs = announceMs): (sequence: number) => void {
  let newest: number | undefined;
  let isWaiting = false;

  function wait(delayMs: number): void {
    isWaiting = true;
    setTimeout(flush, delayMs);
  }

  function flush(): void {
    isWaiting = false;
    if (newest === undefined) return;
    const sequence = newest;
    newest = undefined;
    wait(intervalMs);
    tell(sequence);
  }

  return (sequence) => {
    newest = sequence;
    // Not in the same turn: lines of one chunk are announced together.
    if (!isWaiting) wait(0);
  };
}
