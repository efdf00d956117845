import fc from "fast-check";
import { expect, test } from "vitest";
import { agree, quickest, type Sample, sampleOf } from "./choice.ts";

const nowMs = Date.UTC(2026, 10, 22);
const clock = (offMs: number, errorMs: number): Sample => {
  return { monotonicMs: 1000, timeMs: nowMs + offMs, errorMs, delayMs: 0 };
};

test("[K5] the error of a sample is half of what it was under way and what the server owns up to", () => {
  const asked = { sentMs: 1000, heardMs: 1060 };
  const reply = { receivedMs: nowMs, sentMs: nowMs + 20, errorMs: 7 };
  expect(sampleOf(asked, reply)).toEqual({ monotonicMs: 1030, timeMs: nowMs + 10, errorMs: 28, delayMs: 40 });
  expect(sampleOf(asked, { ...reply, sentMs: nowMs + 70 })).toBeUndefined();
  expect(quickest([clock(0, 5), { ...clock(9, 5), delayMs: -1 }])?.timeMs).toBe(nowMs + 9);
});

test("[K5] two clocks that disagree beyond their errors are none, of three the majority counts", () => {
  expect(agree([])).toBeUndefined();
  expect(agree([clock(0, 5)])).toEqual({ monotonicMs: 1000, timeMs: nowMs, errorMs: 5 });
  expect(agree([clock(0, 5), clock(100, 5)])).toBeUndefined();
  expect(agree([clock(0, 5), clock(4, 5)])).toEqual({ monotonicMs: 1000, timeMs: nowMs + 2, errorMs: 3 });
  expect(agree([clock(0, 5), clock(100_000, 1), clock(4, 5)])?.timeMs).toBe(nowMs + 2);
  expect(agree([clock(0, 5), clock(100, 5), clock(4, 5), clock(103, 5)])).toBeUndefined();
});

test("[K5] as long as most servers tell the truth, it is within the error, whatever the others say and in whatever order", () => {
  const honest = fc.record({
    errorMs: fc.integer({ min: 1, max: 500 }),
    share: fc.double({ min: -1, max: 1, noNaN: true }),
  });
  const liar = fc.record({ offMs: fc.integer({ min: -1e9, max: 1e9 }), errorMs: fc.integer({ min: 0, max: 1e6 }) });
  const arbitrary = fc
    .tuple(fc.array(honest, { minLength: 1, maxLength: 4 }), fc.array(liar, { maxLength: 3 }), fc.nat())
    .filter(([good, bad]) => good.length > bad.length);
  fc.assert(
    fc.property(arbitrary, ([good, bad, turn]) => {
      const samples = [
        ...good.map(({ errorMs, share }) => clock(errorMs * share, errorMs)),
        ...bad.map(({ offMs, errorMs }) => clock(offMs, errorMs)),
      ];
      const at = turn % samples.length;
      const choice = agree([...samples.slice(at), ...samples.slice(0, at)]);
      expect(choice).toBeDefined();
      expect(Math.abs((choice?.timeMs ?? 0) - nowMs)).toBeLessThanOrEqual((choice?.errorMs ?? 0) + 0.01);
    }),
  );
});

test("[K5] what is chosen is a time that most servers hold possible at its ends, or nothing is", () => {
  const any = fc.record({ offMs: fc.integer({ min: -1000, max: 1000 }), errorMs: fc.integer({ min: 0, max: 500 }) });
  fc.assert(
    fc.property(fc.array(any, { minLength: 1, maxLength: 5 }), (clocks) => {
      const choice = agree(clocks.map(({ offMs, errorMs }) => clock(offMs, errorMs)));
      if (!choice) return;
      for (const end of [-choice.errorMs, choice.errorMs]) {
        const at = choice.timeMs + end - nowMs;
        const possible = clocks.filter(({ offMs, errorMs }) => Math.abs(at - offMs) <= errorMs + 0.01);
        expect(possible.length).toBeGreaterThan(clocks.length / 2);
      }
    }),
  );
});
