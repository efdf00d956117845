/** A queue of what is to be decided, taken one by one: two activations, or an activation and a stop, never overlap. */
export type Mailbox<T> = { post(item: T): void; next(): Promise<T> };

export function createMailbox<T>(): Mailbox<T> {
  const items: T[] = [];
  let waiting: ((item: T) => void) | undefined;
  return {
    post(item) {
      if (!waiting) items.push(item);
      else {
        const resolve = waiting;
        waiting = undefined;
        resolve(item);
      }
    },
    next() {
      const item = items.shift();
      return item === undefined ? new Promise((resolve) => (waiting = resolve)) : Promise.resolve(item);
    },
  };
}
