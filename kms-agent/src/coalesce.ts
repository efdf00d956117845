/** Many reasons to do a thing, one thing done at a time, and not too often: what reports and their like are made of. */

export type Coalesced = {
  /** There is a reason to work. Reasons during the work lead to one more run after it. */
  poke: () => void;
  stop: () => void;
};

/**
 * Runs `work` for each reason, never twice at a time and with at least `gapMs` between its ends and next starts. An
 * error of `work` goes to `onError` and ends nothing.
 */
export function coalesce(work: () => Promise<void>, gapMs: number, onError: (error: unknown) => void): Coalesced {
  let hasReason = false;
  let isBusy = false;
  let isStopped = false;

  async function run(): Promise<void> {
    hasReason = false;
    try {
      await work();
    } catch (error) {
      if (!isStopped) onError(error);
    }
    setTimeout(rest, gapMs);
  }

  function rest(): void {
    isBusy = false;
    if (hasReason) start();
  }

  function start(): void {
    if (isBusy || isStopped) return;
    isBusy = true;
    void run();
  }

  return {
    poke() {
      hasReason = true;
      start();
    },
    stop() {
      isStopped = true;
    },
  };
}
