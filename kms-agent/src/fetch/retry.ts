/** Tries again what failed for a reason that passes: a KMS that restarts must not end an update. */
import { setTimeout as delay } from "node:timers/promises";
import { type Backoff, backoffMs } from "../backoff.ts";
import { type Http, isTransient } from "./http.ts";
import { slowestPace } from "./pace.ts";

export type Retry = Backoff & {
  /** Failures in a row after which the last one stands. */
  readonly failures: number;
};
/**
 * Some seven minutes where the KMS cannot be reached, so that its host may start anew in the middle of an update and nobody has to come for it. How
 * long whoever gave the command wants to wait is the command's deadline, which ends all tries; this is for deadlines that are days away.
 */
export const fetchRetry: Retry = { initialMs: 200, maxMs: 10_000, failures: 90 };

/** Runs `work` until it succeeds, fails for good, or has failed too often. `hasProgressed` clears the count. */
export async function retry<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  limits: Retry = fetchRetry,
  hasProgressed: () => boolean = () => false,
): Promise<T> {
  for (let failures = 0; ; ) {
    try {
      return await work();
    } catch (error) {
      failures = hasProgressed() ? 1 : failures + 1;
      if (signal.aborted || !isTransient(error) || failures >= limits.failures) throw error;
      await delay(backoffMs(failures, Math.random(), limits), undefined, { signal }).catch(() => undefined);
    }
  }
}

/**
 * As `retry`, of what makes a file longer: as much as the pace asks for clears the count. Counted together over tries that bring too little to count alone; bytes that
 * are taken back and brought again are no progress.
 */
export async function retryGrowing(
  { signal, pace = slowestPace }: Http,
  sizeOfFile: () => Promise<number>,
  work: () => Promise<void>,
  limits: Retry,
): Promise<void> {
  let size = await sizeOfFile();
  let mostBytes = size;
  const hasProgressed = () => {
    const has = size - mostBytes >= pace.bytes;
    if (has) mostBytes = size;
    return has;
  };
  const tryOnce = async () => {
    try {
      await work();
    } finally {
      size = await sizeOfFile();
    }
  };
  await retry(tryOnce, signal, limits, hasProgressed);
}
