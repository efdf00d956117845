/** The host of a replayed component: no sockets, no clock, no timers; the record's events come in and the score hears what goes out. */
import { BulkheadError, isErrorCode, type ToComponent } from "@bulkhead/protocol";
import type { OpenConnection } from "../channel/transport.ts";
import type { ControlHandlers } from "../control-end.ts";
import { createLog } from "../log.ts";
import type { Host } from "../process-host.ts";
import type { Event } from "../record/entry.ts";
import { type Realm, real, type TimerKind } from "../record/realm.ts";
import { createLinks } from "./links.ts";
import type { Score } from "./score.ts";

export type Stage = {
  readonly host: Host;
  readonly realm: Realm;
  /** Lets an event happen. What the component throws comes out. */
  perform(event: Event): void;
  /** An error that nobody caught. */
  uncaught(error: unknown): void;
};

type Timer = { kind: TimerKind; run: () => void; isDead: boolean };
type Pending = { resolve(): void; reject(error: unknown): void };

export function createStage(score: Score): Stage {
  const links = createLinks(score);
  const listeners: ((open: OpenConnection) => void)[] = [];
  const promises: Pending[] = [];
  const timers: Timer[] = [];
  const uncaught: ((error: unknown) => void)[] = [];
  let control: { handlers: ControlHandlers; onEnd(error: BulkheadError | undefined): void } | undefined;

  const settled = () => new Promise<void>((resolve, reject) => void promises.push({ resolve, reject }));

  function due(id: number): void {
    const timer = timers[id];
    if (!timer || timer.isDead) {
      score.miss(`timer ${id} is due, which this component did not make or has cleared`);
      return;
    }
    if (timer.kind !== "interval") timer.isDead = true;
    timer.run();
  }

  return {
    host: {
      openControl(handlers, onEnd) {
        control = { handlers, onEnd };
        return {
          tell: (kind, body) => score.take(["tell", kind, body]),
          queuedBytes: () => score.read("queued") as number,
          flush: settled,
        };
      },
      transport: {
        connect: (_path, options) => links.open(options),
        async listen(_path, onConnection) {
          listeners.push(onConnection);
          await settled();
          return { close: settled };
        },
      },
      log: createLog((line) => score.take(["log", line])),
      exit: (code) => score.take(["exit", code]),
      onUncaught: (callback) => void uncaught.push(callback),
      flush: settled,
    },
    realm: {
      value: (kind, read) => (score.read(kind) ?? read()) as ReturnType<typeof read>,
      schedule(kind, delayMs, run) {
        score.take(["timer", kind, delayMs]);
        const timer: Timer = { kind, run, isDead: false };
        timers.push(timer);
        return handleOf(timer);
      },
      cancel(handle) {
        const timer = timersOf.get(handle as object);
        if (timer) timer.isDead = true;
      },
    },
    perform(event) {
      switch (event[0]) {
        case "control":
          return handle(control?.handlers, event[1], event[2]);
        case "control-lost":
          return control?.onEnd(errorOf(event[1]));
        case "connection":
          return listeners[event[1]]?.(links.open);
        case "frame":
          return links.frame(event[1], event[2], event[3]);
        case "drain":
          return links.drain(event[1]);
        case "closed":
          return links.close(event[1], errorOf(event[2]));
        case "settled": {
          const error = errorOf(event[2]);
          return error ? promises[event[1]]?.reject(error) : promises[event[1]]?.resolve();
        }
        case "timer":
          return due(event[1]);
      }
    },
    uncaught(error) {
      for (const callback of uncaught) callback(error);
    },
  };
}

function handle(handlers: ControlHandlers | undefined, kind: string, body: unknown): void {
  const known = kind as keyof ToComponent;
  if (!handlers || !Object.hasOwn(handlers, known)) return;
  // A trace ring is neither an input nor an output.
  const given = known === "start" ? { ...(body as object), trace: undefined } : body;
  if (known !== "trace") (handlers[known] as (body: unknown) => void)(given);
}

function errorOf(failure: { code: string; message: string } | null): BulkheadError | undefined {
  if (!failure) return undefined;
  return new BulkheadError(isErrorCode(failure.code) ? failure.code : "INTERNAL", failure.message);
}

const timersOf = new WeakMap<object, Timer>();

/** What `setTimeout` returns, as far as it is used. */
function handleOf(timer: Timer): object {
  const handle = {
    ref: () => handle,
    unref: () => handle,
    hasRef: () => !timer.isDead,
    refresh() {
      timer.isDead = false;
      return handle;
    },
    close() {
      timer.isDead = true;
      return handle;
    },
    [Symbol.dispose]() {
      timer.isDead = true;
    },
  };
  timersOf.set(handle, timer);
  return handle;
}

/** The next turn of the event loop: all that was promised has been followed by then. */
export const nextTurn = (action: () => void): void => void real.setImmediate(action);
