/** A control cycle: one step after the other, never two at once. */

/**
 * Runs `step` every `periodMs`; one that takes longer delays the next. What it throws is nobody's to catch: the component
 * ends with that reason and is restarted. Returns what ends the cycle, resolving when no step runs any more.
 */
export function startCycle(periodMs: number, step: () => Promise<void>): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let running = run();
  async function run(): Promise<void> {
    const startedMs = performance.now();
    await step();
    const restMs = Math.max(0, periodMs - (performance.now() - startedMs));
    if (!stopped) timer = setTimeout(next, restMs);
  }
  function next(): void {
    running = run();
  }
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await running;
  };
}
