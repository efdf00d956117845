/** A control cycle: one step after the other, never two at once. */

/** Runs `step` every `periodMs`; one that takes longer delays the next. Returns what ends the cycle. */
export function startCycle(periodMs: number, step: () => Promise<void>): () => void {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  async function run(): Promise<void> {
    const startedMs = performance.now();
    await step();
    if (!stopped) timer = setTimeout(() => void run(), Math.max(0, periodMs - (performance.now() - startedMs)));
  }
  // A step that throws is nobody's to catch: the component ends with that reason and is restarted.
  void run();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
