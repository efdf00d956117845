import { expect, test } from "vitest";
import { findCompiler } from "./compiler.ts";
import { findSources } from "./recipes.ts";

test("[K11] without the compiler of a board's processor a build says how to get it", async () => {
  const refused = findCompiler("armhf", "/nowhere");
  await expect(refused).rejects.toMatchObject({
    code: "BUILD_FAILED",
    message: "there is no compiler for add-ons of armhf boards",
    remedy: expect.stringMatching(/^node scripts\/setup\/compiler\.mjs armhf /),
  });
});

test("[K11] the sources of every add-on are there, with the headers that its package depends on", () => {
  expect(findSources("i2c")).toMatchObject({ files: ["transfer.c"], headers: undefined });
  expect(findSources("i2c-bus")).toMatchObject({ files: ["i2c.cc"], headers: expect.stringMatching(/\/nan$/) });
  expect(findSources("spi").headers).toMatch(/\/nan$/);
  expect(findSources("can").headers).toMatch(/\/node-addon-api$/);
});
