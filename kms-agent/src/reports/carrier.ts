/**
 * Carries something that the device makes all the time (lines, samples, trace) to the KMS. While there is a session and
 * nothing is stored, it goes straight from its source; else through the store on disk, so that it outlives both the source's
 * ring and the power, and its order stays. It is forgotten only when the KMS has said that it stored it: it may come twice
 * (its numbers say so), but is never lost without being counted.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { FromDevice, Loss } from "@bulkhead/protocol";
import type { OpenSession } from "../session/connection.ts";
import type { Store } from "../store/store.ts";

export type Carrier = {
  /** There may be something new. */
  poke(): void;
  /** From now on there is this session, until it ends. */
  attach(session: OpenSession): void;
  /** Stores what is left, where there is a store. */
  stop(): Promise<void>;
};

export type Found<T> = {
  readonly items: readonly T[];
  /** Lost before the first of them. */
  readonly lost: readonly Loss[];
  /** The first `count` of them are in other hands: they are not read again. */
  taken(count: number): Promise<void>;
  /** There may be more at once. */
  readonly isFull: boolean;
};

/** What is carried, where it comes from and how the KMS is told. */
export type Cargo<T> = {
  read(): Promise<Found<T>>;
  message(items: readonly T[], lost: readonly Loss[], batch: number): FromDevice;
  /** At most so many go in a message. */
  readonly batchItems: number;
};

/** A message is at most 4 MiB (maxMessageBytes), and JSON may write a character in six. */
const batchBytes = 512 * 1024;
/** Between two batches: five a second are as fluent as a person can read; on disk, flash wears by the write. */
const gaps = { sessionMs: 200, storeMs: 2_000 } as const;

export type CarrierOptions<T> = {
  readonly cargo: Cargo<T>;
  /** Null where the system allows no room: then the source's ring is all that there is. */
  readonly store: Store<T> | null;
  onError(error: unknown): void;
  readonly gaps?: { readonly sessionMs: number; readonly storeMs: number };
};

export function createCarrier<T>(options: CarrierOptions<T>): Carrier {
  const { cargo, store, onError } = options;
  const pace = options.gaps ?? gaps;
  const stopping = new AbortController();
  let session: OpenSession | undefined;
  let wake = new AbortController();
  let hasReason = true;

  const openSession = (): OpenSession | undefined => (session?.closed.aborted ? undefined : session);

  async function step(): Promise<boolean> {
    const current = openSession();
    const isDirect = current !== undefined && (store?.isEmpty() ?? true);
    if (isDirect) return sendFromSource(current);
    if (!store) return false;
    const hasStored = await storeFromSource(store);
    return current ? (await sendFromStore(current, store)) || hasStored : hasStored;
  }

  async function sendFromSource(current: OpenSession): Promise<boolean> {
    const { items, lost, taken } = await cargo.read();
    if (!(await send(current, items, lost))) return false;
    await taken(items.length);
    return true;
  }

  async function storeFromSource(into: Store<T>): Promise<boolean> {
    const { items, lost, taken, isFull } = await cargo.read();
    if (items.length === 0) return false;
    const stored = await into.append(items, lost);
    await taken(stored);
    // Where there is room in a batch, what comes next may wait for company.
    hasReason = true;
    return isFull && stored === items.length;
  }

  async function sendFromStore(current: OpenSession, from: Store<T>): Promise<boolean> {
    const batch = await from.read(cargo.batchItems, batchBytes);
    if (!batch) return false;
    await send(current, batch.items, batch.lost);
    await batch.confirm();
    return true;
  }

  async function send(current: OpenSession, items: readonly T[], lost: readonly Loss[]): Promise<boolean> {
    if (items.length === 0) return false;
    const { batch, stored } = current.nextBatch();
    current.send(cargo.message(items, lost, batch));
    await stored;
    return true;
  }

  async function drain(): Promise<void> {
    hasReason = false;
    try {
      while (await step()) if (stopping.signal.aborted) return;
    } catch (error) {
      if (!stopping.signal.aborted && (session === undefined || openSession())) onError(error);
      // A store that found no room, a source that did not answer: what is there is still there.
      if (!openSession()) hasReason = true;
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      if (hasReason) await drain();
      if (stopping.signal.aborted) return;
      await pauseOrNews();
    }
  }

  /** A pause in any case, a session cuts it short; and then until there is a reason. */
  async function pauseOrNews(): Promise<void> {
    const pauseMs = openSession() ? pace.sessionMs : pace.storeMs;
    const signal = AbortSignal.any([stopping.signal, wake.signal]);
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    if (wake.signal.aborted) wake = new AbortController();
    if (!hasReason && !stopping.signal.aborted) await new Promise<void>((resolve) => (news = resolve));
  }
  let news: () => void = () => undefined;

  const running = run();
  return {
    poke() {
      hasReason = true;
      news();
    },
    attach(next) {
      session = next;
      hasReason = true;
      wake.abort();
      news();
    },
    async stop() {
      stopping.abort();
      news();
      await running;
      for (let hasMore = store !== null; hasMore && store; ) hasMore = await storeFromSource(store).catch(() => false);
      await store?.close();
    },
  };
}
