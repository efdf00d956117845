/**
 * The time of day as the device believes it: a pure model of where it comes from and how it moves. It never goes back: a
 * better source that says an earlier time makes it go slower until the two meet.
 */
import type { ClockState, TimeQuality, TimeReading } from "@bulkhead/protocol";

/** What time of day may be taken for true at all: from when the running release was built to this long after. */
const plausibleMs = 10 * 365 * 24 * 3600 * 1000;
/** An RTC of a board loses or gains seconds a day; how long it ran alone nobody knows. */
const rtcErrorMs = 60_000;
/** Behind a source, the clock runs at half its speed. */
const slowShare = 0.5;
/** A crystal is off by less than this; the error of what was once set grows with it. */
const driftShare = 1e-4;
/** A host is ahead by this much for being kept by somebody else; by more for having slept. */
const hostLeadMs = 10_000;
/** A reading of the time servers that is older says too little. */
const maxReadingAgeUs = 3600 * 1_000_000;

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
  /** What the KMS said last, and when; null: it has not spoken since the start. */
  readonly kms: { readonly timeMs: number; readonly errorMs: number; readonly atUs: number } | null;
};
/** What of it holds until the host starts anew, whoever keeps it. */
export type Standing = Omit<TimeModel, "builtAtMs">;

/** Which sources may take the place of which: a better or equal one. Between the KMS and time servers see `mayReplace`. */
const rank: Readonly<Record<TimeQuality, number>> = { unset: 0, floor: 1, rtc: 2, host: 3, kms: 4, ntp: 5 };

/** The time of a device that has just started. */
export function beginTime({ floorMs, rtcMs, host, builtAtMs }: Start, atUs: number): TimeModel {
  const lowestMs = Math.max(floorMs ?? 0, builtAtMs);
  const own = (timeMs: number, quality: TimeQuality, errorMs: number | null): TimeModel => {
    return { timeMs, atUs, quality, errorMs, aheadMs: 0, builtAtMs, kms: null };
  };
  const isPlausible = (timeMs: number) => timeMs >= lowestMs && timeMs <= builtAtMs + plausibleMs;
  if (host.isTrusted && host.timeMs >= (floorMs ?? 0)) return own(host.timeMs, "host", null);
  if (rtcMs !== null && isPlausible(rtcMs)) return own(rtcMs, "rtc", rtcErrorMs);
  return own(lowestMs, floorMs === null ? "unset" : "floor", null);
}

/**
 * The time of a server that was away while the device went on. What it kept holds, unless the release that runs or the last
 * time seen is later, or the host, where it is trusted: that was suspended meanwhile, and the monotonic clock with it.
 */
export function goOn(kept: Standing | undefined, start: Start, atUs: number): TimeModel {
  const begun = beginTime(start, atUs);
  if (!kept || kept.atUs > atUs) return begun;
  const model = { ...kept, builtAtMs: start.builtAtMs };
  const { timeMs, errorMs } = stateAt(model, atUs);
  const isLate = begun.quality === "host" && begun.timeMs > timeMs + (errorMs ?? 0) + hostLeadMs;
  const lowestMs = Math.max(start.floorMs ?? 0, start.builtAtMs);
  return isLate || timeMs < lowestMs || timeMs > start.builtAtMs + plausibleMs ? begun : model;
}

/** The time now. `monotonicUs` must not be before that of the model. */
export function timeAt(model: TimeModel, monotonicUs: number): number {
  const elapsedMs = (monotonicUs - model.atUs) / 1000;
  return Math.floor(model.timeMs + elapsedMs - Math.min(model.aheadMs, elapsedMs * slowShare));
}

export function stateAt(model: TimeModel, monotonicUs: number): ClockState {
  const { quality, errorMs, atUs } = model;
  const grown = errorMs === null ? null : errorMs + driftMs(monotonicUs - atUs);
  return { timeMs: timeAt(model, monotonicUs), quality, errorMs: grown };
}

const driftMs = (elapsedUs: number): number => Math.floor((elapsedUs / 1000) * driftShare);

/** The model after a source has spoken; unchanged where its word is not taken. */
export function takeOffer(before: TimeModel, offer: Offer, atUs: number): TimeModel {
  const { builtAtMs } = before;
  if (offer.timeMs < builtAtMs || offer.timeMs > builtAtMs + plausibleMs) return before;
  const model = offer.source === "kms" ? { ...before, kms: { ...offer, atUs } } : before;
  if (!mayReplace(model, offer, atUs)) return model;
  const ownMs = timeAt(model, atUs);
  const aheadMs = Math.max(0, ownMs - offer.timeMs);
  const timeMs = Math.max(ownMs, offer.timeMs);
  return { ...model, timeMs, atUs, quality: offer.source, errorMs: offer.errorMs + aheadMs, aheadMs };
}

/**
 * The KMS speaks through the tunnel, time servers to whoever stands between: they make its word more exact, and where
 * the two disagree beyond their errors, the KMS is right.
 */
function mayReplace(model: TimeModel, offer: Offer, atUs: number): boolean {
  if (offer.source === "ntp") return !contradictsKms(model, offer, atUs);
  if (model.quality !== "ntp") return rank[offer.source] >= rank[model.quality];
  const state = stateAt(model, atUs);
  return Math.abs(state.timeMs - offer.timeMs) > offer.errorMs + (state.errorMs ?? 0) + roundingMs;
}

/** Both are told in whole milliseconds, rounded one way or the other. */
const roundingMs = 2;

/** A time of time servers that the KMS's last word rules out. */
export function contradictsKms({ kms }: TimeModel, offer: Offer, atUs: number): boolean {
  if (kms === null) return false;
  const elapsedUs = atUs - kms.atUs;
  const apartMs = Math.abs(offer.timeMs - (kms.timeMs + elapsedUs / 1000));
  return apartMs > kms.errorMs + offer.errorMs + driftMs(elapsedUs) + roundingMs;
}

/** What the time servers said a while ago, as it is now; undefined where that is no while, or too long. */
export function asOffer(reading: TimeReading, nowUs: number): Offer | undefined {
  const ageUs = nowUs - reading.monotonicUs;
  if (ageUs < 0 || ageUs > maxReadingAgeUs) return undefined;
  const timeMs = Math.round(reading.timeMs + ageUs / 1000);
  return { source: "ntp", timeMs, errorMs: reading.errorMs + driftMs(ageUs) };
}
