import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRange } from "./range.ts";

describe("[M11] ranges of a download", () => {
  it.each([
    ["bytes=0-", { start: 0, end: 9 }],
    ["bytes=3-5", { start: 3, end: 5 }],
    ["bytes=3-99", { start: 3, end: 9 }],
    ["bytes=10-", "unsatisfiable"],
    ["bytes=5-3", undefined],
    ["bytes=-3", undefined],
    ["bytes=0-1,3-4", undefined],
    ["lines=1-2", undefined],
    [undefined, undefined],
  ])("reads %s of ten bytes", (header, expected) => {
    expect(parseRange(header, 10)).toEqual(expected);
  });

  it("never reaches outside of the blob", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), (start, end, length) => {
        const range = parseRange(`bytes=${start}-${end}`, length);
        if (range === undefined || range === "unsatisfiable") return;
        expect(range.start).toBeLessThanOrEqual(range.end);
        expect(range.end).toBeLessThan(length);
      }),
    );
  });
});
