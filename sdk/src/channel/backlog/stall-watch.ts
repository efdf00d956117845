/** Watches that a client for whom much waits takes some of it. */
export type StallWatch = {
  /** Much waits from now on. */
  begin(): void;
  /** All has left, or the connection has gone. */
  end(): void;
};

/** `onStall` is called when nothing has left for `stallMs` of what `unsentBytes` tells and `isClogged` finds too much. */
export function createStallWatch(
  stallMs: number,
  unsentBytes: () => number,
  isClogged: () => boolean,
  onStall: () => void,
): StallWatch {
  let timer: NodeJS.Timeout | undefined;

  function watch(): void {
    const before = unsentBytes();
    timer = setTimeout(() => {
      timer = undefined;
      if (!isClogged()) return;
      // Also where it is more: what was put behind hides what has left, and so little may be put there that another look can tell.
      if (unsentBytes() === before) onStall();
      else watch();
    }, stallMs);
  }

  return {
    begin() {
      if (!timer) watch();
    },
    end() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
