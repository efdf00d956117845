/** One thing after the other: each begins when the one before has ended, however that ended. */
export type Turns = <T>(work: () => T | Promise<T>) => Promise<T>;

export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  };
}

/**
 * Turns on things that clients share, by key. A client has one call of its own in the queue, however many it makes: who calls without pause
 * on a slow device keeps others waiting for one answer, and holds one of the few threads that wait for the kernel.
 */
export function createSharedTurns<Key>(): { ofClient(key: Key): Turns } {
  const shared = new Map<Key, Turns>();
  return {
    ofClient(key) {
      const all = shared.get(key) ?? createTurns();
      shared.set(key, all);
      const own = createTurns();
      return (work) => own(() => all(work));
    },
  };
}
