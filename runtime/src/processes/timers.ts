/** One timer per name: arming replaces what was armed. */
export type Timers = { arm(name: string, afterMs: number, action: () => void): void; disarm(name: string): void };

export function createTimers(): Timers {
  const timers = new Map<string, NodeJS.Timeout>();
  function disarm(name: string): void {
    clearTimeout(timers.get(name));
    timers.delete(name);
  }
  return {
    arm(name, afterMs, action) {
      disarm(name);
      timers.set(name, setTimeout(action, afterMs));
    },
    disarm,
  };
}
