import fc from "fast-check";
import { expect, test } from "vitest";
import { sparklinePath } from "./sparkline.ts";

test("the smallest value is at the bottom, the largest at the top", () => {
  expect(sparklinePath([1, 3, 2], 100, 48)).toBe("M0.0 44.0L50.0 4.0L100.0 24.0");
});

test("a constant runs through the middle, a single value draws nothing", () => {
  expect(sparklinePath([5, 5], 100, 48)).toBe("M0.0 24.0L100.0 24.0");
  expect(sparklinePath([5], 100, 48)).toBe("");
});

test("whatever the values, the line stays inside", () => {
  const value = fc.double({ noNaN: true, min: -1e6, max: 1e6 });
  fc.assert(
    fc.property(fc.array(value, { minLength: 2 }), (values) => {
      for (const [, x, y] of sparklinePath(values, 100, 48).matchAll(/[ML](\S+) ([^ML]+)/g)) {
        expect(Number(x)).toBeGreaterThanOrEqual(0);
        expect(Number(x)).toBeLessThanOrEqual(100);
        expect(Number(y)).toBeGreaterThanOrEqual(4);
        expect(Number(y)).toBeLessThanOrEqual(44);
      }
    }),
  );
});
