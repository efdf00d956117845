import { expect, test } from "vitest";
import { timeMsSchema } from "./names.ts";

test("[K16] a time is one that a date can hold: no device breaks those who show what it says", () => {
  expect(new Date(timeMsSchema.parse(8.64e15)).toISOString()).toBe("+275760-09-13T00:00:00.000Z");
  for (const time of [8.64e15 + 1, -1, 1.5, Number.NaN]) expect(timeMsSchema.safeParse(time).success).toBe(false);
});
