/**
 * The functions by which code learns what differs from run to run: clocks, timers and random numbers, wherever a component
 * can reach them. They are taken over for the recorded, and for the replayed, life of a component.
 */
import { promisify } from "node:util";
import { builtin } from "../builtin.ts";
import type { ValueKind } from "./entry.ts";

export type TimerKind = "timeout" | "interval" | "immediate";

/** Who answers instead. */
export type Realm = {
  /** A value of this kind; `real` asks the machine. */
  value<T>(kind: ValueKind, real: () => T): T;
  /** Makes a timer and returns what `cancel` takes. */
  schedule(kind: TimerKind, delayMs: number, run: () => void): unknown;
  cancel(timer: unknown): void;
};

/** As they were when this module was loaded. */
export const real = {
  setTimeout: globalThis.setTimeout,
  setInterval: globalThis.setInterval,
  setImmediate: globalThis.setImmediate,
  clearTimeout: globalThis.clearTimeout,
  clearImmediate: globalThis.clearImmediate,
  Date: globalThis.Date,
  monotonicMs: performance.now.bind(performance),
  hrtime: process.hrtime.bigint,
};

type Put = (target: object, name: string, value: unknown) => void;

/** Gives the functions to `realm`; returns what gives them back. */
export function takeOver(realm: Realm): () => void {
  const undo: (() => void)[] = [];
  const put: Put = (target, name, value) => {
    const before = Object.getOwnPropertyDescriptor(target, name);
    Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: true });
    undo.push(() => {
      if (before) Object.defineProperty(target, name, before);
      else Reflect.deleteProperty(target, name);
    });
  };
  takeClocks(realm, put);
  const timers = takeTimers(realm, put);
  takeRandom(realm, put);
  // Named imports of Node's own modules follow.
  const nodeTimers = builtin("node:timers");
  const { syncBuiltinESMExports } = builtin("node:module");
  const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = nodeTimers;
  Object.assign(nodeTimers, timers);
  syncBuiltinESMExports();
  // Node itself uses this one (after an error that was caught at last): its own timers are not the component's.
  Object.assign(nodeTimers, { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate });
  return () => {
    for (const step of undo.reverse()) step();
    syncBuiltinESMExports();
  };
}

function takeClocks(realm: Realm, put: Put): void {
  const now = () => realm.value("date", real.Date.now);
  const date: DateConstructor = new Proxy(real.Date, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget === date ? target : newTarget),
    apply: () => new real.Date(now()).toString(),
    get: (target, name) => (name === "now" ? now : Reflect.get(target, name)),
  });
  put(globalThis, "Date", date);
  put(performance, "now", () => realm.value("monotonic", real.monotonicMs));
  const nanoseconds = () => BigInt(realm.value("hrtime", () => String(real.hrtime())));
  const hrtime = (since?: [number, number]): [number, number] => {
    const passed = nanoseconds() - (since ? BigInt(since[0]) * 1_000_000_000n + BigInt(since[1]) : 0n);
    return [Number(passed / 1_000_000_000n), Number(passed % 1_000_000_000n)];
  };
  put(process, "hrtime", Object.assign(hrtime, { bigint: nanoseconds }));
}

type Callback = (...args: unknown[]) => void;

function takeTimers(realm: Realm, put: Put): object {
  const timeout = (run: Callback, delayMs?: number, ...args: unknown[]) =>
    realm.schedule("timeout", delayOf(delayMs), () => run(...args));
  const interval = (run: Callback, delayMs?: number, ...args: unknown[]) =>
    realm.schedule("interval", delayOf(delayMs), () => run(...args));
  const immediate = (run: Callback, ...args: unknown[]) => realm.schedule("immediate", 0, () => run(...args));
  const later = (delayMs?: number, value?: unknown, options?: { signal?: AbortSignal }) =>
    promised((done) => timeout(done, delayMs), value, options?.signal);
  const soon = (value?: unknown, options?: { signal?: AbortSignal }) =>
    promised((done) => immediate(done), value, options?.signal);
  /** A timer as a promise. */
  function promised(start: (done: () => void) => unknown, value: unknown, signal?: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        realm.cancel(timer);
        reject(Object.assign(new Error("The operation was aborted"), { name: "AbortError", code: "ABORT_ERR" }));
      };
      const timer = start(() => {
        signal?.removeEventListener("abort", abort);
        resolve(value);
      });
      if (signal?.aborted) abort();
      else signal?.addEventListener("abort", abort, { once: true });
    });
  }
  Object.assign(timeout, { [promisify.custom]: later });
  Object.assign(immediate, { [promisify.custom]: soon });
  const cancel = (timer: unknown) => realm.cancel(timer);
  const functions = {
    ...{ setTimeout: timeout, setInterval: interval, setImmediate: immediate },
    ...{ clearTimeout: cancel, clearInterval: cancel, clearImmediate: cancel },
  };
  for (const [name, taken] of Object.entries(functions)) put(globalThis, name, taken);
  const timersPromises = builtin("node:timers/promises");
  put(timersPromises, "setTimeout", later);
  put(timersPromises, "setImmediate", soon);
  return functions;
}

/** As Node reads it: nothing, and what is no delay, is one millisecond. */
function delayOf(delayMs: unknown): number {
  const delay = Number(delayMs);
  return delay >= 1 && delay <= 0x7fff_ffff ? delay : 1;
}

function takeRandom(realm: Realm, put: Put): void {
  const crypto = builtin("node:crypto");
  const random = Math.random;
  put(Math, "random", () => realm.value("random", random));
  const { randomBytes, randomUUID, randomInt } = crypto;
  const bytes = (size: number) => realm.value("bytes", () => new Uint8Array(randomBytes(size)));
  const fill = <T extends ArrayBufferView>(view: T, offset = 0, size = view.byteLength - offset): T => {
    new Uint8Array(view.buffer, view.byteOffset + offset, size).set(bytes(size));
    return view;
  };
  const uuid = () => realm.value("uuid", () => randomUUID());
  // With a callback they come back in a turn of their own, which a record does not know: those stay Node's.
  put(crypto, "randomBytes", (size: number, done?: never) =>
    done ? randomBytes(size, done) : Buffer.from(bytes(size)),
  );
  put(crypto, "randomFillSync", fill);
  put(crypto, "randomUUID", uuid);
  put(crypto, "randomInt", (low: number, high?: number) =>
    realm.value("integer", () => (typeof high === "number" ? randomInt(low, high) : randomInt(low))),
  );
  put(globalThis.crypto, "getRandomValues", (view: ArrayBufferView) => fill(view));
  put(globalThis.crypto, "randomUUID", uuid);
}
