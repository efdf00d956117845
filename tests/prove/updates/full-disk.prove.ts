/**
 * No room for each call of every update path that takes some: for good, and for this one call. The power is cut then, where nothing is left of what was not synced,
 * and where all of it is.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { fillUp, isRefusal } from "../../power-cut/full-disk.ts";
import { everyPath, type Paths, pathNames } from "../../power-cut/paths/index.ts";

let paths: Paths;
beforeAll(async () => {
  paths = await everyPath();
});
afterAll(() => paths.remove());

test.each(pathNames)("[M11] [K2] the disk has no room for a call of %s", async (name) => {
  const { calls, endings, states } = await fillUp(paths.of(name), { lackings: ["for good", "once"], perCut: 2 });
  const wentOn = endings.filter(({ error }) => error === undefined).length;
  process.stdout.write(
    `${name}: ${calls.length} calls, ${endings.length} times without room, ${wentOn} of them to its end all the same, ${states} disks\n`,
  );
  expect(endings.filter(({ error }) => !isRefusal(error))).toEqual([]);
});
