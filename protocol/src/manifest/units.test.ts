import fc from "fast-check";
import { expect, test } from "vitest";
import { formatSize, parseDurationUs, parseSizeBytes } from "./units.ts";

test.each([
  ["500us", 500],
  ["2ms", 2_000],
  ["60s", 60_000_000],
  ["1min", 60_000_000],
  ["2", undefined],
  ["ms", undefined],
  ["1.5s", undefined],
  ["-1s", undefined],
  ["1 s", undefined],
  ["1h", undefined],
  ["1toString", undefined],
  ["999999999999min", undefined],
])("[K1] the duration %s is %s us", (text, us) => expect(parseDurationUs(text)).toBe(us));

test("[K1] every size survives being written and read", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 40 }), (bytes) => parseSizeBytes(formatSize(bytes)) === bytes));
});
