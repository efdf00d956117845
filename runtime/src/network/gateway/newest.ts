/** For work of which only the newest wish counts: whoever wishes faster than it is done makes no queue. */

/** `inTurn` runs `work` when its turn comes; what is wished before that replaces what was. */
export function createNewest<T>(
  inTurn: (task: () => Promise<void>) => unknown,
  work: (wish: T) => Promise<void>,
): (wish: T) => void {
  let waiting: { readonly wish: T } | undefined;
  return (wish) => {
    const isQueued = waiting !== undefined;
    waiting = { wish };
    if (isQueued) return;
    inTurn(async () => {
      const next = waiting;
      waiting = undefined;
      if (next) await work(next.wish);
    });
  };
}
