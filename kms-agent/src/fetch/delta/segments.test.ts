import fc from "fast-check";
import { expect, test } from "vitest";
import { createFinder } from "./finder.ts";
import { countFetched, planSegments } from "./segments.ts";

const places = fc.array(fc.nat({ max: 2 }), { maxLength: 60 });

test("[M11] every block of a blob is in one segment, in order; what is nowhere is fetched, and what is copied is somewhere", () => {
  fc.assert(
    fc.property(places, fc.nat({ max: 9 }), (places, close) => {
      const segments = planSegments(places, close);
      const blocks = segments.flatMap(({ first, end, isHere }) =>
        Array.from({ length: end - first }, (_, at) => ({ block: first + at, isHere })),
      );
      expect(blocks.map(({ block }) => block)).toEqual(places.map((_, block) => block));
      for (const { block, isHere } of blocks) if (isHere) expect(places[block]).not.toBe(0);
      expect(countFetched(segments)).toBe(blocks.filter(({ isHere }) => !isHere).length);
    }),
  );
});

test("[M11] what is fetched begins and ends with a block that is nowhere, and between two requests more is copied than one is worth", () => {
  fc.assert(
    fc.property(places, fc.nat({ max: 9 }), (places, close) => {
      const segments = planSegments(places, close);
      for (const [at, { first, end, isHere }] of segments.entries()) {
        if (!isHere) expect([places[first], places[end - 1]]).toEqual([0, 0]);
        else if (at > 0 && at < segments.length - 1) expect(end - first).toBeGreaterThan(close);
      }
    }),
  );
});

test("[M11] a block is found by its digest wherever it is wanted, and no other is", () => {
  const digest = fc.nat({ max: 20 });
  fc.assert(
    fc.property(fc.array(digest), fc.array(digest), (wanted, there) => {
      const finder = createFinder(Float64Array.from(wanted));
      for (const [at, one] of there.entries()) finder.found(one, at + 1);
      for (const one of wanted) {
        const place = finder.placeOf(one);
        expect(there[place - 1]).toBe(there.includes(one) ? one : undefined);
      }
      for (const other of [-1, 21]) expect(finder.placeOf(other)).toBe(0);
    }),
  );
});
