/**
 * Carries the console to the KMS. While there is a session and nothing is stored, lines go straight from the console's
 * ring; else they go through the store on disk, so that they outlive both the ring and the power, and their order stays.
 * A line is forgotten only when the KMS has said that it stored it: it may come twice (its sequence number says so), but is
 * never lost without being counted.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { LogLine } from "@bulkhead/protocol";
import type { Client, consoleInterface } from "@bulkhead/sdk";
import type { OpenSession } from "../session/connection.ts";
import type { Store } from "../store/store.ts";
import type { LogPosition } from "./log-position.ts";

export type LogCarrier = {
  /** There may be new lines. */
  poke(): void;
  /** From now on there is this session, until it ends. */
  attach(session: OpenSession): void;
  /** Stores what is left, where there is a store. */
  stop(): Promise<void>;
};

export type LogSource = Pick<Client<typeof consoleInterface>, "read">;

const batchLines = 500;
/** A message is at most 4 MiB (maxMessageBytes), and JSON may write a character in six. */
const batchBytes = 512 * 1024;
/** The serial server answers from memory; one that hangs must not hold up the end of the agent. */
const readDeadlineMs = 2_000;
/** Between two batches: five a second are as fluent as a person can read; on disk, flash wears by the write. */
const gaps = { sessionMs: 200, storeMs: 2_000 } as const;

export type LogCarrierOptions = {
  readonly console: LogSource;
  readonly position: LogPosition;
  /** Null where the system allows no room: then the console's ring is all that there is. */
  readonly store: Store<LogLine> | null;
  onError(error: unknown): void;
  readonly gaps?: { readonly sessionMs: number; readonly storeMs: number };
};

export function createLogCarrier(options: LogCarrierOptions): LogCarrier {
  const { console, position, store, onError } = options;
  const pace = options.gaps ?? gaps;
  const stopping = new AbortController();
  let session: OpenSession | undefined;
  let wake = new AbortController();
  let hasReason = true;

  const openSession = (): OpenSession | undefined => (session?.closed.aborted ? undefined : session);

  const readRing = () => console.read({ after: position.arrived, limit: batchLines }, { deadlineMs: readDeadlineMs });

  async function step(): Promise<boolean> {
    const current = openSession();
    const isDirect = current !== undefined && (store?.isEmpty() ?? true);
    if (isDirect) return sendFromRing(current);
    if (!store) return false;
    const hasStored = await storeFromRing(store);
    return current ? (await sendFromStore(current, store)) || hasStored : hasStored;
  }

  async function sendFromRing(current: OpenSession): Promise<boolean> {
    const { lines, dropped } = await readRing();
    if (!(await send(current, lines, dropped))) return false;
    await advance(lines);
    return true;
  }

  async function storeFromRing(into: Store<LogLine>): Promise<boolean> {
    const { lines, dropped } = await readRing();
    if (lines.length === 0) return false;
    await into.append(lines, dropped);
    await advance(lines);
    // Where there is room in a batch, what comes next may wait for company.
    hasReason = true;
    return lines.length === batchLines;
  }

  async function sendFromStore(current: OpenSession, from: Store<LogLine>): Promise<boolean> {
    const batch = await from.read(batchLines, batchBytes);
    if (!batch) return false;
    await send(current, batch.items, batch.lost);
    await batch.confirm();
    return true;
  }

  async function send(current: OpenSession, lines: readonly LogLine[], dropped: number): Promise<boolean> {
    if (lines.length === 0) return false;
    const { batch, stored } = current.nextBatch();
    current.send({ type: "log", lines: [...lines], dropped, batch });
    await stored;
    return true;
  }

  async function advance(lines: readonly LogLine[]): Promise<void> {
    position.arrived = lines.at(-1)?.sequence ?? position.arrived;
    await position.save();
  }

  async function drain(): Promise<void> {
    hasReason = false;
    try {
      while (await step()) if (stopping.signal.aborted) return;
    } catch (error) {
      if (!stopping.signal.aborted && (session === undefined || openSession())) onError(error);
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
      for (let hasMore = store !== null; hasMore && store; ) hasMore = await storeFromRing(store).catch(() => false);
      await store?.close();
    },
  };
}
