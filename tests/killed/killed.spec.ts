/** The short form; `npm run prove -- updates` has the long one. */
import { expect, test } from "vitest";
import { killDevices } from "./killed.ts";

test("[M11] [K2] killed again and again while it updates, it starts the old or the new, no floor falls, and it comes to the newest", async () => {
  const killedAfter = await killDevices(12, 5);
  expect([...killedAfter.values()].reduce((sum, times) => sum + times)).toBe(12);
});
