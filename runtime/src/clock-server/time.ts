/**
 * The time of day as the device believes it: a pure model of where it comes from and how it moves. It never goes back: a
 * better source that says an earlier time makes it go slower until the two meet.
 */
import type { ClockState, TimeQuality } from "@bulkhead/protocol";

/** What time of day may be taken for true at all: from when the running release was built to this long after. */
const plausibleMs = 10 * 365 * 24 * 3600 * 1000;
/** An RTC of a board loses or gains seconds a day; how long it ran alone nobody knows. */
const rtcErrorMs = 60_000;
/** Behind a source, the clock runs at half its speed. */
const slowShare = 0.5;

export type Start = {
  /** The last time that was seen before the power went; null: never any. */
  readonly floorMs: number | null;
  readonly rtcMs: number | null;
  /** The kernel's own clock. `isTrusted`: somebody else keeps it (a host that runs virtual boards). */
  readonly host: { readonly timeMs: number; readonly isTrusted: boolean };
  /** Signed: the time is not before it. */
  readonly builtAtMs: number;
};
export type Offer = { readonly source: "kms" | "ntp"; readonly timeMs: number; readonly errorMs: number };
export type TimeModel = {
  readonly timeMs: number;
  readonly atUs: number;
  readonly quality: TimeQuality;
  readonly errorMs: number | null;
  /** How far it is ahead of its source. */
  readonly aheadMs: number;
  readonly builtAtMs: number;
};

/** Which sources may take the place of which: a better or equal one. */
const rank: Readonly<Record<TimeQuality, number>> = { unset: 0, floor: 1, rtc: 2, host: 3, kms: 4, ntp: 5 };

/** The time of a device that has just started. */
export function beginTime({ floorMs, rtcMs, host, builtAtMs }: Start, atUs: number): TimeModel {
  const lowestMs = Math.max(floorMs ?? 0, builtAtMs);
  const own = (timeMs: number, quality: TimeQuality, errorMs: number | null): TimeModel => {
    return { timeMs, atUs, quality, errorMs, aheadMs: 0, builtAtMs };
  };
  const isPlausible = (timeMs: number) => timeMs >= lowestMs && timeMs <= builtAtMs + plausibleMs;
  if (host.isTrusted && host.timeMs >= (floorMs ?? 0)) return own(host.timeMs, "host", null);
  if (rtcMs !== null && isPlausible(rtcMs)) return own(rtcMs, "rtc", rtcErrorMs);
  return own(lowestMs, floorMs === null ? "unset" : "floor", null);
}

/** The time now. `monotonicUs` must not be before that of the model. */
export function timeAt(model: TimeModel, monotonicUs: number): number {
  const elapsedMs = (monotonicUs - model.atUs) / 1000;
  return Math.floor(model.timeMs + elapsedMs - Math.min(model.aheadMs, elapsedMs * slowShare));
}

export function stateAt(model: TimeModel, monotonicUs: number): ClockState {
  const { quality, errorMs } = model;
  return { timeMs: timeAt(model, monotonicUs), quality, errorMs };
}

/** The model after a source has spoken; unchanged where its word is not taken. */
export function takeOffer(model: TimeModel, offer: Offer, atUs: number): TimeModel {
  const { builtAtMs } = model;
  if (rank[offer.source] < rank[model.quality]) return model;
  if (offer.timeMs < builtAtMs || offer.timeMs > builtAtMs + plausibleMs) return model;
  const ownMs = timeAt(model, atUs);
  const aheadMs = Math.max(0, ownMs - offer.timeMs);
  const timeMs = Math.max(ownMs, offer.timeMs);
  return { timeMs, atUs, quality: offer.source, errorMs: offer.errorMs + aheadMs, aheadMs, builtAtMs };
}
