/** Watches that a client for whom much waits takes some of it. */
export type StallWatch = {
  /** Much waits from now on. */
  begin(): void;
  /** All has left, or the connection has gone. */
  end(): void;
};

/** `onStall` is called when nothing has left for `stallMs` of what `queuedBytes` tells and `isClogged` finds too much. */
export function createStallWatch(
  stallMs: number,
  queuedBytes: () => number,
  isClogged: () => boolean,
  onStall: () => void,
): StallWatch {
  let timer: NodeJS.Timeout | undefined;

  function begin(): void {
    if (timer) return;
    const before = queuedBytes();
    timer = setTimeout(() => {
      timer = undefined;
      if (!isClogged()) return;
      if (queuedBytes() < before) begin();
      else onStall();
    }, stallMs);
  }

  return {
    begin,
    end() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
