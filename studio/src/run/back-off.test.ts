import { expect, it } from "vitest";
import { backOff } from "./back-off.ts";

it("[S5] starts again at once, then ever later, but never later than 5 s", () => {
  const { next } = backOff();
  expect(Array.from({ length: 8 }, () => next(100))).toEqual([0, 250, 500, 1000, 2000, 4000, 5000, 5000]);
});

it("[S5] forgets earlier ends after a steady run", () => {
  const { next, failures } = backOff();
  for (let end = 0; end < 5; end++) next(0);
  expect([next(30_000), failures()]).toEqual([0, 1]);
});
