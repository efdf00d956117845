/**
 * How long to wait before the next try: exponential with full jitter, so that a fleet that lost its KMS does not come
 * back in one wave. Source: Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015 (full jitter).
 */

export type Backoff = { readonly initialMs: number; readonly maxMs: number };
/** 0.2 s: a KMS that restarts is found again at once. 15 s: what a person waits without doubting. */
export const reconnectBackoff: Backoff = { initialMs: 200, maxMs: 15_000 };

/** The delay in ms after `failures` failed tries in a row (0 for the first), with `random` from [0, 1). */
export function backoffMs(failures: number, random: number, backoff: Backoff = reconnectBackoff): number {
  const ceilingMs = Math.min(backoff.maxMs, backoff.initialMs * 2 ** Math.min(failures, 30));
  return Math.floor(random * ceilingMs);
}
