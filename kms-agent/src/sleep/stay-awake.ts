/**
 * Connected while awake, silent while asleep. What lets the board itself sleep between the windows is the board's (a wake-up
 * timer such as `rtcwake`); this keeps to the windows whether or not the board does.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type Sleep, windowAt } from "./schedule.ts";

/** A suspended board's timers stand still: no wait is longer than this without a look at the clock that does not. */
const longestWaitMs = 1_000;

/**
 * Calls `connected` for each window with a signal that ends with it, until `stop`. `clock`: milliseconds since the rhythm
 * began. Without a schedule the window never ends.
 */
export async function stayAwake(
  schedule: Sleep | null,
  clock: () => Promise<number>,
  connected: (untilAsleep: AbortSignal) => Promise<void>,
  stop: AbortSignal,
): Promise<void> {
  if (!schedule) return connected(stop);
  while (!stop.aborted) {
    await until(() => clock().then((sinceMs) => ({ ...windowAt(schedule, sinceMs), wanted: true })), stop);
    if (stop.aborted) return;
    const window = new AbortController();
    const signal = AbortSignal.any([stop, window.signal]);
    const windowEnd = until(
      () => clock().then((sinceMs) => ({ ...windowAt(schedule, sinceMs), wanted: false })),
      signal,
    );
    void windowEnd.then(() => window.abort());
    await connected(signal);
    // A connection that gives up by itself gives up the window.
    await windowEnd;
  }
}

type Look = { isAwake: boolean; leftMs: number; wanted: boolean };

async function until(look: () => Promise<Look>, stop: AbortSignal): Promise<void> {
  for (let now = await look(); now.isAwake !== now.wanted && !stop.aborted; now = await look()) {
    await delay(Math.min(longestWaitMs, Math.max(1, now.leftMs)), undefined, { signal: stop }).catch(() => undefined);
  }
}
