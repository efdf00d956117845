/**
 * The KMS's clock as the agent knows it: deadlines of commands are given by it, and a device whose own clock is wrong
 * must neither refuse all commands nor obey old ones. It is used for nothing else: no trust hangs on it.
 */
export type KmsClock = {
  /** The KMS said that it is `timeMs` now. */
  set: (timeMs: number) => void;
  /** Its time now; the device's own until it was told. */
  nowMs: () => number;
};

export function createKmsClock(monotonicMs: () => number = () => performance.now()): KmsClock {
  let offsetMs: number | undefined;
  return {
    set(timeMs) {
      offsetMs = timeMs - monotonicMs();
    },
    nowMs: () => (offsetMs === undefined ? Date.now() : Math.round(offsetMs + monotonicMs())),
  };
}
