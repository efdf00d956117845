/** Runs an action after changes, at most once per interval, and always after the last change. */
export type Pacer = { touch(): void; stop(): void };

export function createPacer(intervalMs: number, action: () => void): Pacer {
  let timer: NodeJS.Timeout | undefined;
  let lastMs = Number.NEGATIVE_INFINITY;
  function run(): void {
    timer = undefined;
    lastMs = performance.now();
    action();
  }
  return {
    touch() {
      timer ??= setTimeout(run, Math.max(0, lastMs + intervalMs - performance.now()));
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
