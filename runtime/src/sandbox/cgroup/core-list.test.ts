import fc from "fast-check";
import { expect, test } from "vitest";
import { formatCores, isSameCores, parseCores } from "./core-list.ts";

test("[K20] ranges and single cores are read as the kernel writes them", () => {
  expect(parseCores("0-2,5\n")).toEqual([0, 1, 2, 5]);
  expect(parseCores("3")).toEqual([3]);
  expect(parseCores("\n")).toEqual([]);
  expect(parseCores("nonsense")).toEqual([]);
});

test("[K20] what is written is what is read, whatever the order and however often a core is named", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 255 })), (cores) => {
      const expected = [...new Set(cores)].sort((a, b) => a - b);
      expect(parseCores(formatCores(cores))).toEqual(expected);
      expect(isSameCores(cores, expected)).toBe(true);
    }),
  );
});

test("[K20] one core more or less is another list", () => {
  expect(isSameCores([0, 1], [0])).toBe(false);
  expect(isSameCores([], [0])).toBe(false);
});
