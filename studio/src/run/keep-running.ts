/** A part of the launcher's that must not stay away: started again, with back-off, whenever it ends without being asked to. */
import { setTimeout as sleep } from "node:timers/promises";
import { BulkheadError, reportError } from "@bulkhead/protocol";
import { type BackOff, backOff } from "./back-off.ts";

export type Part = {
  /** Resolves when it has ended, for whatever reason. */
  exited: Promise<unknown>;
  stop(): Promise<void>;
};

export type Kept<P extends Part> = {
  /** The one that runs, or that ran last. */
  current(): P;
  /** Starts it again after a `stop`. */
  start(): Promise<void>;
  /** Ends it; it stays away. */
  stop(): Promise<void>;
};

export type Keeper = {
  /** Hears what happens, in words for a person. */
  note(text: string): void;
  /** Hears that it is given up. */
  fail(error: Error): void;
};

/** Ends and failed starts in a row (about 12 s of waiting) after which more of the same will not help. */
const patience = 7;

/** Starts a part, whose name is `what`, and keeps it running. Throws what the first start throws. */
export async function keepRunning<P extends Part>(
  what: string,
  begin: (previous: P | null) => Promise<P>,
  { note, fail }: Keeper,
): Promise<Kept<P>> {
  let part = await begin(null);
  let leaving = new AbortController();
  let keeping = keep(leaving.signal);

  async function keep(signal: AbortSignal): Promise<void> {
    const pause = backOff();
    for (;;) {
      const startedAtMs = performance.now();
      await part.exited;
      if (signal.aborted) return;
      note(`${what} has ended by itself and is started again`);
      if (!(await bringBack(pause, performance.now() - startedAtMs, signal))) return;
      note(`${what} runs again`);
    }
  }

  async function bringBack({ next, failures }: BackOff, ranMs: number, signal: AbortSignal): Promise<boolean> {
    let problem: unknown = null;
    for (let waitMs = next(ranMs); failures() <= patience; waitMs = next(0)) {
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return false;
      problem = await again();
      if (problem === null) return !signal.aborted;
    }
    fail(gaveUp(what, problem));
    return false;
  }

  async function again(): Promise<unknown> {
    try {
      part = await begin(part);
      return null;
    } catch (error) {
      return error;
    }
  }

  return {
    current: () => part,
    async start() {
      part = await begin(part);
      leaving = new AbortController();
      keeping = keep(leaving.signal);
    },
    async stop() {
      leaving.abort();
      // Twice: the first may have ended while a new one was on its way.
      await part.stop();
      await keeping;
      await part.stop();
    },
  };
}

function gaveUp(what: string, problem: unknown): BulkheadError {
  if (problem === null) return new BulkheadError("SYSTEM_ENDED", `${what} ends again and again`);
  const { message, remedy } = reportError(problem);
  return new BulkheadError("SYSTEM_ENDED", `${what} does not come back: ${message}`, {
    cause: problem,
    ...(remedy && { remedy }),
  });
}
