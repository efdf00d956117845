/** The long form of `tests/killed`. */
import { expect, test } from "vitest";
import { killDevices } from "../../killed/killed.ts";

test("[M11] [K2] killed a thousand times while it updates, it starts the old or the new, no floor falls, and it comes to the newest", async () => {
  const killedAfter = await killDevices(1000, 12);
  // In all that it does, not only where it begins.
  expect([...killedAfter.keys()]).toEqual(
    expect.arrayContaining(["judged", "endorsed", "admitted", "tries", "committed", "rolled back"]),
  );
});
