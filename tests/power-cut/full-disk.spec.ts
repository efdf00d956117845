/** The short form: the disk stays full, and nothing is left of what was not synced. In a process of its own, as `power-cut.spec.ts`. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { fillUp, isRefusal } from "./full-disk.ts";
import { everyPath, type Paths, shortNames } from "./paths/index.ts";

let paths: Paths;
beforeAll(async () => {
  paths = await everyPath();
});
afterAll(() => paths.remove());

test.each(shortNames)(
  "[M11] [K2] the disk fills up in the middle of %s: the old or the new, and it goes on",
  async (name) => {
    const { endings } = await fillUp(paths.of(name), { lackings: ["for good"], perCut: 1 });
    expect(endings.filter(({ error }) => !isRefusal(error))).toEqual([]);
  },
);
