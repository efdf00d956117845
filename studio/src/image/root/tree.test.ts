import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { recipeDir } from "../places.ts";
import { filledIn, unitValues } from "./tree.ts";

test("[K18] every bound of a start that a root's files leave open is filled in, and nothing else", () => {
  const open = filledIn.flatMap((file) => [
    ...readFileSync(join(recipeDir, "root", file), "utf8").matchAll(/@([a-z]+-[a-z]+)@/g),
  ]);
  expect(new Set(open.map(([, name]) => name))).toEqual(new Set(Object.keys(unitValues({ pace: 1 }))));
});

test("[K18] a slow board has longer to make its data partition than one of usual pace", () => {
  expect([1, 12].map((pace) => unitValues({ pace })["data-seconds"])).toEqual(["120", "1440"]);
});

test("[K11] a root has its kernel make the nodes of I2C buses: no bus brings the module that does", () => {
  const file = join(recipeDir, "root/usr/lib/modules-load.d/bulkhead.conf");
  expect(readFileSync(file, "utf8").split("\n")).toContain("i2c-dev");
});
