/** One timer per name: arming replaces what was armed. */
export type Timers = { arm(name: string, afterMs: number, action: () => void): void; disarm(name: string): void };

/**
 * When its time is over, what has come in by then is heard first: a root server that was off the processor for longer than a
 * heartbeat may take finds both, the time over and the heartbeat in the socket, and Node looks at the time first.
 */
export function createTimers(): Timers {
  const cancels = new Map<string, () => void>();
  function disarm(name: string): void {
    cancels.get(name)?.();
    cancels.delete(name);
  }
  return {
    arm(name, afterMs, action) {
      disarm(name);
      const timer = setTimeout(() => {
        // After the next look at the sockets (libuv: poll comes between timers and check).
        const turn = setImmediate(action);
        cancels.set(name, () => clearImmediate(turn));
      }, afterMs);
      cancels.set(name, () => clearTimeout(timer));
    },
    disarm,
  };
}
