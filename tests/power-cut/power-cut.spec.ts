/**
 * The short form: of what a cut may leave only what was synced, and kills where a name was given that is not safe yet. In a process of its own: at the
 * end of a thread that has run a hundred files its 30,000 small calls took 60 s instead of 2.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { explore } from "./explore.ts";
import { everyPath, type Paths, shortNames } from "./paths/index.ts";

let paths: Paths;
beforeAll(async () => {
  paths = await everyPath();
});
afterAll(() => paths.remove());

test.each(shortNames)(
  "[M11] [K2] the power is cut in the middle of %s: the old or the new, and it goes on",
  async (name) => {
    const explored = await explore(paths.of(name), { perCut: 1, kills: (step) => step.startsWith("rename") });
    expect(explored.states).toBeGreaterThan(2);
  },
);
