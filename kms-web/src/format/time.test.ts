import { expect, test } from "vitest";
import { ago, timeOfDay } from "./time.ts";

test("how long ago is told in one unit", () => {
  const told = [-5000, 0, 12_000, 59_999, 60_000, 3_600_000, 86_400_000 * 5].map(ago);
  expect(told).toEqual(["just now", "just now", "12 s ago", "59 s ago", "1 min ago", "1 h ago", "5 d ago"]);
});

test("the time of day is local and has milliseconds", () => {
  expect(timeOfDay(new Date(2026, 0, 2, 4, 3, 7, 42).getTime())).toBe("04:03:07.042");
});
