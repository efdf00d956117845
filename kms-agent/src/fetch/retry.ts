/** Tries again what failed for a reason that passes: a KMS that restarts must not end an update. */
import { setTimeout as delay } from "node:timers/promises";
import { type Backoff, backoffMs } from "../backoff.ts";
import { isTransient } from "./http.ts";

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
