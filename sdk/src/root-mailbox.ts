/** What the root server tells core servers beside starting and stopping them, and what they tell it. */
import type { ToComponent, ToRoot } from "@bulkhead/protocol";
import type { RootLink } from "./component.ts";

type Generation = ToComponent["generation"];

export type RootMailbox = {
  link: RootLink;
  takeStatus(status: unknown): void;
  takeGeneration(outcome: Generation): void;
};

/** A handler that comes after the first message gets the newest one at once: nobody misses how things stand. */
export function createRootMailbox(
  tell: <K extends "activate" | "restart" | "verify">(kind: K, body: ToRoot[K]) => void,
): RootMailbox {
  const status = createSlot<unknown>();
  const generation = createSlot<Generation>();
  return {
    link: { onStatus: status.listen, onGeneration: generation.listen, tellRoot: tell },
    takeStatus: status.take,
    takeGeneration: generation.take,
  };
}

function createSlot<T>(): { listen(handler: (value: T) => void): void; take(value: T): void } {
  const handlers: ((value: T) => void)[] = [];
  let last: { value: T } | undefined;
  return {
    listen(handler) {
      handlers.push(handler);
      if (last) handler(last.value);
    },
    take(value) {
      last = { value };
      for (const handler of handlers) handler(value);
    },
  };
}
