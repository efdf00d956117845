import fc from "fast-check";
import { expect, test } from "vitest";
import { asOffer, beginTime, contradictsKms, type Offer, type Start, stateAt, takeOffer, timeAt } from "./time.ts";

const built = Date.UTC(2026, 0, 1);
const year = 365 * 24 * 3600 * 1000;
const board: Start = { floorMs: null, rtcMs: null, host: { timeMs: 0, isTrusted: false }, builtAtMs: built };

test("[K5] a board that knows nothing begins when its release was built, and says that its time is unset", () => {
  expect(stateAt(beginTime(board, 0), 0)).toEqual({ timeMs: built, quality: "unset", errorMs: null });
});

test("[K5] after a power cut the time goes on from the last that was seen, not from before it", () => {
  const floorMs = built + year;
  expect(stateAt(beginTime({ ...board, floorMs }, 0), 0)).toMatchObject({ timeMs: floorMs, quality: "floor" });
  const late = { ...board, floorMs, rtcMs: floorMs + 1000 };
  expect(stateAt(beginTime(late, 0), 0)).toMatchObject({ timeMs: floorMs + 1000, quality: "rtc" });
  for (const rtcMs of [floorMs - 1, 0, built + 11 * year]) {
    expect(stateAt(beginTime({ ...board, floorMs, rtcMs }, 0), 0)).toMatchObject({ timeMs: floorMs, quality: "floor" });
  }
});

test("[K5] a host that is trusted gives its time, unless that would go back over a start", () => {
  const host = { timeMs: built + 5, isTrusted: true };
  expect(stateAt(beginTime({ ...board, host }, 0), 0)).toMatchObject({ timeMs: built + 5, quality: "host" });
  const after = beginTime({ ...board, host, floorMs: built + 10 }, 0);
  expect(stateAt(after, 0)).toMatchObject({ timeMs: built + 10, quality: "floor" });
});

test("[K5] the KMS sets the time within the life of a release, and its word says how good it is", () => {
  const began = beginTime(board, 0);
  const offer = (timeMs: number, source: Offer["source"] = "kms"): Offer => ({ source, timeMs, errorMs: 2000 });
  const set = takeOffer(began, offer(built + year), 1_000_000);
  expect(stateAt(set, 1_000_000)).toEqual({ timeMs: built + year, quality: "kms", errorMs: 2000 });
  for (const timeMs of [0, built - 1, built + 11 * year, Date.UTC(2100, 0)]) {
    expect(takeOffer(began, offer(timeMs), 1_000_000)).toBe(began);
  }
});

test("[K5] time servers make the word of the KMS more exact, and where they contradict it the KMS is right", () => {
  const offer = (source: Offer["source"], timeMs: number, errorMs: number): Offer => ({ source, timeMs, errorMs });
  const byKms = takeOffer(beginTime(board, 0), offer("kms", built + year, 2000), 0);
  const better = takeOffer(byKms, offer("ntp", built + year + 5500, 10), 5_000_000);
  expect(stateAt(better, 5_000_000)).toEqual({ timeMs: built + year + 5500, quality: "ntp", errorMs: 10 });
  // Less exact, and no contradiction.
  expect(stateAt(takeOffer(better, offer("kms", built + year + 6500, 2000), 6_000_000), 6_000_000).errorMs).toBe(10);

  const liar = offer("ntp", built + 2 * year, 10);
  expect(contradictsKms(byKms, liar, 5_000_000)).toBe(true);
  expect(takeOffer(byKms, liar, 5_000_000)).toBe(byKms);
  // Who lied before the KMS could speak has moved the clock, and no longer says how good it is.
  const lied = takeOffer(beginTime(board, 0), offer("ntp", built + 9000, 10), 0);
  const told = stateAt(takeOffer(lied, offer("kms", built + 1000, 50), 0), 0);
  expect(told).toEqual({ timeMs: built + 9000, quality: "kms", errorMs: 8050 });
});

test("[K5] what time servers said is as old as it is, and its error grows meanwhile", () => {
  const reading = { timeMs: built + year, monotonicUs: 1_000_000, errorMs: 10 };
  expect(asOffer(reading, 101_000_000)).toEqual({ source: "ntp", timeMs: built + year + 100_000, errorMs: 20 });
  for (const nowUs of [999_999, 1_000_000 + 3601 * 1_000_000]) expect(asOffer(reading, nowUs)).toBeUndefined();
  const set = takeOffer(beginTime(board, 0), { source: "ntp", timeMs: built + year, errorMs: 10 }, 0);
  expect(stateAt(set, 1_000_000_000).errorMs).toBe(110);
});

test("[K5] a source that says an earlier time slows the clock down until they meet, and the difference is in the error", () => {
  const ahead = takeOffer(
    beginTime({ ...board, floorMs: built + 10_000 }, 0),
    { source: "kms", timeMs: built + 6000, errorMs: 1 },
    0,
  );
  expect(stateAt(ahead, 0)).toEqual({ timeMs: built + 10_000, quality: "kms", errorMs: 4001 });
  expect(timeAt(ahead, 4_000_000)).toBe(built + 12_000);
  expect(timeAt(ahead, 8_000_000)).toBe(built + 14_000);
  expect(timeAt(ahead, 9_000_000)).toBe(built + 15_000);
});

test("[K5] whatever the sources say and whenever they say it, the time never goes back", () => {
  const step = fc.record({
    waitUs: fc.nat(20_000_000),
    timeMs: fc.integer({ min: built - year, max: built + 12 * year }),
    source: fc.constantFrom("kms" as const, "ntp" as const),
  });
  fc.assert(
    fc.property(fc.array(step), fc.option(fc.integer({ min: 0, max: built + year })), (steps, floorMs) => {
      let nowUs = 0;
      let model = beginTime({ ...board, floorMs }, nowUs);
      let last = timeAt(model, nowUs);
      for (const { waitUs, timeMs, source } of steps) {
        nowUs += waitUs;
        for (const change of [false, true]) {
          if (change) model = takeOffer(model, { source, timeMs, errorMs: 0 }, nowUs);
          expect(timeAt(model, nowUs)).toBeGreaterThanOrEqual(last);
          last = timeAt(model, nowUs);
        }
      }
    }),
  );
});
