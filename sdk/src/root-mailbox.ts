/** What the root server tells core servers beside starting and stopping them, and what they tell it. */
import type { CrashFacts, ToComponent, ToRoot } from "@bulkhead/protocol";
import type { RootLink, ToRootOfCore } from "./component.ts";

type Generation = ToComponent["generation"];
type Tunnel = ToComponent["tunnel"];
type Resolved = ToComponent["resolved"];
type Uplink = ToComponent["uplink"];
type Time = ToComponent["time"];
type Files = ToComponent["files"];

export type RootMailbox = {
  link: RootLink;
  takeStatus(status: unknown): void;
  takeGeneration(outcome: Generation): void;
  takeCrash(crash: CrashFacts): void;
  takeTunnel(reading: Tunnel): void;
  takeResolved(answer: Resolved): void;
  takeUplink(uplink: Uplink): void;
  takeTime(reading: Time): void;
  takeFiles(count: Files): void;
};

/** A handler that comes after the first message gets the newest one at once: nobody misses how things stand. */
export function createRootMailbox(tell: <K extends ToRootOfCore>(kind: K, body: ToRoot[K]) => void): RootMailbox {
  const status = createSlot<unknown>();
  const generation = createSlot<Generation>();
  const crash = createQueue<CrashFacts>();
  const tunnel = createSlot<Tunnel>();
  const resolved = createSlot<Resolved>();
  const uplink = createSlot<Uplink>();
  const time = createSlot<Time>();
  const files = createSlot<Files>();
  return {
    link: {
      onStatus: status.listen,
      onGeneration: generation.listen,
      onCrash: crash.listen,
      onTunnel: tunnel.listen,
      onResolved: resolved.listen,
      onUplink: uplink.listen,
      onTime: time.listen,
      onFiles: files.listen,
      tellRoot: tell,
    },
    takeStatus: status.take,
    takeGeneration: generation.take,
    takeCrash: crash.take,
    takeTunnel: tunnel.take,
    takeResolved: resolved.take,
    takeUplink: uplink.take,
    takeTime: time.take,
    takeFiles: files.take,
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

/** Of these every one counts: what came before the handler is kept for it. */
function createQueue<T>(): { listen(handler: (value: T) => void): void; take(value: T): void } {
  const waiting: T[] = [];
  let handle: ((value: T) => void) | undefined;
  return {
    listen(handler) {
      handle = handler;
      for (const value of waiting.splice(0)) handler(value);
    },
    take(value) {
      if (handle) handle(value);
      else if (waiting.length < maxWaiting) waiting.push(value);
    },
  };
}

/** A component without a handler for them is not sent any; this bounds what a mistake could cost. */
const maxWaiting = 64;
