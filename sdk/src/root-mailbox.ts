/** What the root server tells core servers beside starting and stopping them, and what they tell it. */
import type { ToCoreServer, ToRoot } from "@bulkhead/protocol";
import { parseValue } from "./channel/message.ts";
import type { RootLink, ToRootOfCore } from "./component.ts";

type Kind = keyof ToCoreServer;

export type RootMailbox = {
  link: RootLink;
  /** What has come, not looked at so far: the listener has the schema. Throws IPC_FRAME_INVALID where it does not fit. */
  take(kind: Kind, body: unknown): void;
};

/** A component without a handler for crashes is not sent any; this bounds what a mistake could cost. */
const maxWaiting = 64;

/** A handler that comes after the first message gets the newest one at once: nobody misses how things stand. Of crashes every one counts. */
export function createRootMailbox(tell: <K extends ToRootOfCore>(kind: K, body: ToRoot[K]) => void): RootMailbox {
  const kept = new Map<Kind, unknown[]>();
  const listeners = new Map<Kind, ((body: unknown) => void)[]>();

  function keep(kind: Kind, body: unknown): void {
    const bodies = kept.get(kind) ?? [];
    if (kind !== "crash") bodies.length = 0;
    if (bodies.length < maxWaiting) bodies.push(body);
    kept.set(kind, bodies);
  }

  return {
    link: {
      hear(kind, schema, handler) {
        const listener = (body: unknown) =>
          handler(parseValue(schema, body, "IPC_FRAME_INVALID", `control message ${kind}`));
        listeners.set(kind, [...(listeners.get(kind) ?? []), listener]);
        for (const body of kept.get(kind) ?? []) listener(body);
        if (kind === "crash") kept.delete(kind);
      },
      tellRoot: tell,
    },
    take(kind, body) {
      const heard = listeners.get(kind) ?? [];
      if (kind !== "crash" || heard.length === 0) keep(kind, body);
      for (const listener of heard) listener(body);
    },
  };
}
