/** A token bucket: so many a second on average, and at most a second's worth at once. */

export type Rate = {
  /** True where one more may pass now. */
  take(): boolean;
};

/** `perSecond` null: no limit. `now` is a monotonic clock in milliseconds. */
export function createRate(perSecond: number | null, now: () => number): Rate {
  if (perSecond === null) return { take: () => true };
  let tokens = perSecond;
  let lastMs = now();
  return {
    take() {
      const nowMs = now();
      tokens = Math.min(perSecond, tokens + ((nowMs - lastMs) * perSecond) / 1000);
      lastMs = nowMs;
      if (tokens < 1) return false;
      tokens--;
      return true;
    },
  };
}
