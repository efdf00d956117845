/**
 * Things of a board that one client has at a time. A thing is opened when its holder first uses it and again after it
 * was away; when the holder goes it is put aside, and who comes next waits for that.
 */
import { BulkheadError } from "@bulkhead/protocol";
import type { Log } from "@bulkhead/sdk";
import { createTurns, type Turns } from "./turns.ts";

export type Holding<T> = {
  /**
   * One after the other. Throws DEVICE_BUSY where another client has the thing, and what `open` and `work` throw; after
   * DEVICE_ABSENT the thing is opened anew by the next use.
   */
  use<R>(work: (thing: T) => R | Promise<R>): Promise<R>;
  /** The same, for an operation that answers nothing. */
  tell(work: (thing: T) => Promise<void>): Promise<null>;
};

export type Thing<T> = {
  /** What is claimed: equal for equal things. */
  readonly key: string;
  open(): Promise<T>;
  /** Leaves it as nobody's: in its safe state. */
  putAside(thing: T): Promise<void>;
};

type Holder = { readonly component: string; onGone(callback: () => void): void };

export type Holdings = {
  /** The holding of a client that has connected. */
  hold<T>(client: Holder, thing: Thing<T>): Holding<T>;
  /** Puts all aside; nothing can be used afterwards. */
  putAllAside(): Promise<void>;
};

export function createHoldings(log: Log): Holdings {
  const holders = new Map<string, Holder>();
  /** By key. */
  const turns = new Map<string, Turns>();
  const aside = new Map<Holder, () => Promise<void>>();
  // Clients are served, and may come anew, until the last handler of a stop has ended.
  let isClosed = false;

  function next<R>(key: string, work: () => Promise<R>): Promise<R> {
    const ofThing = turns.get(key) ?? createTurns();
    turns.set(key, ofThing);
    return ofThing(work);
  }

  return {
    hold<T>(client: Holder, { key, open, putAside }: Thing<T>): Holding<T> {
      let thing: T | undefined;
      let hasGone = false;

      function claim(): void {
        const holder = holders.get(key) ?? client;
        if (hasGone || isClosed) throw new BulkheadError("DEVICE_BUSY", `${key} is given back`);
        if (holder !== client) throw new BulkheadError("DEVICE_BUSY", `${key} is ${holder.component}'s`);
        holders.set(key, client);
      }
      async function giveUp(): Promise<void> {
        hasGone = true;
        aside.delete(client);
        await next(key, async () => {
          if (holders.get(key) !== client) return;
          try {
            if (thing !== undefined) await putAside(thing);
          } catch (error) {
            log.error(`${key} may not be in its safe state`, { client: client.component, error });
          }
          holders.delete(key);
        });
      }
      aside.set(client, giveUp);
      client.onGone(() => void giveUp());
      function use<R>(work: (thing: T) => R | Promise<R>): Promise<R> {
        return next(key, async () => {
          claim();
          thing ??= await open();
          try {
            return await work(thing);
          } catch (error) {
            if (error instanceof BulkheadError && error.code === "DEVICE_ABSENT") thing = undefined;
            throw error;
          }
        });
      }
      return { use, tell: (work) => use(work).then(() => null) };
    },
    async putAllAside() {
      isClosed = true;
      await Promise.all([...aside.values()].map((giveUp) => giveUp()));
    },
  };
}
