import fc from "fast-check";
import { expect, test } from "vitest";
import { countOf, type Loss, lossesSchema, maxLossStreams, mergeLosses, withoutStreams } from "./loss.ts";

const timeMs = fc.option(fc.nat(1_000_000));
const loss: fc.Arbitrary<Loss> = fc.record({
  stream: fc.nat(400).map((at) => (at === 0 ? "" : `climate.stream-${at}`)),
  count: fc.integer({ min: 1, max: 1_000_000 }),
  fromMs: timeMs,
  toMs: timeMs,
});
const losses = fc.array(loss, { maxLength: 300, size: "max" });
const firstMs = (of: readonly Loss[]) => Math.min(...of.map(({ fromMs }) => fromMs ?? Number.POSITIVE_INFINITY));
const lastMs = (of: readonly Loss[]) => Math.max(...of.map(({ toMs }) => toMs ?? Number.NEGATIVE_INFINITY));

test("[K23] losses put together are what one message takes, with each stream once and none of the count gone", () => {
  fc.assert(
    fc.property(losses, losses, (some, others) => {
      const both = mergeLosses(mergeLosses(some, []), others);
      expect(lossesSchema.parse(both)).toEqual(both);
      expect(new Set(both.map(({ stream }) => stream)).size).toBe(both.length);
      expect(countOf(both)).toBe(countOf(some) + countOf(others));
      expect(firstMs(both)).toBe(firstMs([...some, ...others]));
      expect(lastMs(both)).toBe(lastMs([...some, ...others]));
      expect(withoutStreams(both).length).toBe(both.length === 0 ? 0 : 1);
      expect(countOf(withoutStreams(both))).toBe(countOf(both));
    }),
  );
});

test("[K23] more streams than are told of by name are told of as one, and a count has an end that can be written down", () => {
  const many = Array.from({ length: 1000 }, (_, at) => ({ stream: `one-${at}`, count: 1, fromMs: 1, toMs: 2 }));
  const merged = mergeLosses(many, []);
  expect(merged.filter(({ stream }) => stream !== "")).toHaveLength(maxLossStreams);
  expect(merged.find(({ stream }) => stream === "")?.count).toBe(1000 - maxLossStreams);
  const again = mergeLosses(merged, [{ stream: "one-7", count: 5, fromMs: 3, toMs: 4 }]);
  expect(again.find(({ stream }) => stream === "one-7")).toEqual({ stream: "one-7", count: 6, fromMs: 1, toMs: 4 });
  const most = [{ stream: "one", count: Number.MAX_SAFE_INTEGER, fromMs: null, toMs: null }];
  expect(lossesSchema.parse(mergeLosses(most, most))[0]?.count).toBe(Number.MAX_SAFE_INTEGER);
});

test.each(["Climate", "a.b.c", "a.", ".b", "a b", "x".repeat(33), "a\n"])("[K23] %j is no stream", (stream) => {
  expect(lossesSchema.safeParse([{ stream, count: 1, fromMs: null, toMs: null }]).success).toBe(false);
});
