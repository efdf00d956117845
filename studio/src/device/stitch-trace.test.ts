import type { TraceEntry, TraceSegment } from "@bulkhead/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stitchTrace } from "./stitch-trace.ts";

const entryOf = (n: number): TraceEntry => [n * 10, "m", `entry ${n}`];
const segmentOf = (first: number, lines: number, boot = "b"): TraceSegment => ({
  ...{ component: "climate", boot, ring: 1, first, lines, atMs: 0 },
  entries: Array.from({ length: lines }, (_, at) => entryOf(first + at)),
});
const textsOf = (entries: readonly TraceEntry[] = []) => entries.map((entry) => entry[2]);

describe("[K16] a trace out of what was forwarded", () => {
  test("has each entry once and in order, says where some are missing, and goes on with what the device has now", () => {
    const pieces = fc.array(fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 20 })), { maxLength: 12, size: "max" });
    fc.assert(
      fc.property(pieces, fc.nat(90), (cuts, now) => {
        const there = new Set(cuts.flatMap(([first, lines]) => Array.from({ length: lines }, (_, at) => first + at)));
        const last = Math.max(-1, ...there);
        const ring = Array.from({ length: 10 }, (_, at) => now + at);
        const { components, missing } = stitchTrace(
          cuts.map(([first, lines]) => segmentOf(first, lines)),
          { climate: { entries: ring.map(entryOf), damaged: 0 } },
        );
        const numbers = [...there].sort((a, b) => a - b);
        const [lowest = 0] = numbers;
        expect(missing).toBe(numbers.length === 0 ? 0 : last - lowest + 1 - numbers.length);
        const expected = [...numbers, ...ring.filter((n) => n > last)].map((n) => `entry ${n}`);
        const texts = textsOf(components["climate"]?.entries);
        expect(texts.filter((text) => String(text).startsWith("entry"))).toEqual(expected);
      }),
    );
  });

  test("marks a gap, and leaves out what another start of the host recorded", () => {
    const { components, missing } = stitchTrace([segmentOf(0, 9, "before"), segmentOf(0, 2), segmentOf(5, 1)]);
    expect(missing).toBe(3);
    expect(textsOf(components["climate"]?.entries)).toEqual([
      "entry 0",
      "entry 1",
      "3 entries are missing here",
      "entry 5",
    ]);
  });
});
