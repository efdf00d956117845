/** A token bucket: a component may write a burst, and then so many lines a second. Pure but for its own counters. */

export type RateLimit = { readonly perSecond: number; readonly burst: number };
/** A person reads some lines a second; 200 leaves room for a stack trace each second, 1000 for the start of a program. */
export const lineRate: RateLimit = { perSecond: 200, burst: 1000 };

export type Bucket = {
  /** True where one more is allowed at `nowMs` (any clock that does not go back). */
  take: (nowMs: number) => boolean;
  /** How many were refused since the last call; asked when the next one is allowed. */
  takeSuppressed: () => number;
};

/** A full bucket. */
export function createBucket(limit: RateLimit = lineRate): Bucket {
  let tokens = limit.burst;
  let filledMs: number | undefined;
  let suppressed = 0;
  return {
    take(nowMs) {
      const elapsedMs = Math.max(0, nowMs - (filledMs ?? nowMs));
      tokens = Math.min(limit.burst, tokens + (elapsedMs * limit.perSecond) / 1000);
      filledMs = nowMs;
      if (tokens < 1) {
        suppressed += 1;
        return false;
      }
      tokens -= 1;
      return true;
    },
    takeSuppressed() {
      const count = suppressed;
      suppressed = 0;
      return count;
    },
  };
}
