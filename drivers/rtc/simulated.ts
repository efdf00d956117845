/** The back-end of board `virtual`: clocks that have no time until they are set, and then go as the host's does. */
import { BulkheadError } from "@bulkhead/protocol";
import type { RtcDriver } from "./driver.ts";

export function simulatedRtc(): RtcDriver {
  const setAt = new Map<string, { timeMs: number; atMs: number }>();
  return {
    async read(device) {
      const set = setAt.get(device);
      if (set === undefined)
        throw new BulkheadError("RTC_UNSET", `${device} has no time: it was never set`, { remedy: "set it" });
      const nowMs = set.timeMs + (performance.now() - set.atMs);
      return Math.floor(nowMs / 1000) * 1000;
    },
    async set(device, timeMs) {
      setAt.set(device, { timeMs, atMs: performance.now() });
    },
  };
}
