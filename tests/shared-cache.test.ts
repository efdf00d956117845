import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { sharedCache as forScripts } from "../scripts/setup/cache.mjs";
import { sharedCache as forStudio } from "../studio/src/shared-cache.ts";

test.each([
  ["the scripts", forScripts],
  ["the commands", forStudio],
])("[K18] what was fetched once is shared by a user's checkouts: %s", (_, sharedCache) => {
  const place = mkdtempSync(join(tmpdir(), "bulkhead-cache-"));
  onTestFinished(() => rmSync(place, { recursive: true, force: true }));
  const [checkout, home] = [join(place, "checkout"), join(place, "home")];
  const find = (settings: Record<string, string>) => sharedCache("images", settings, checkout);
  expect(find({ XDG_CACHE_HOME: home })).toBe(join(home, "bulkhead/images"));
  expect(find({ XDG_CACHE_HOME: home, BULKHEAD_CACHE: "/elsewhere" })).toBe("/elsewhere/images");
  writeFileSync(join(place, "file"), "");
  expect(find({ XDG_CACHE_HOME: join(place, "file") })).toBe(join(checkout, ".cache/images"));
  mkdirSync(join(checkout, ".cache/images"), { recursive: true });
  expect(find({ XDG_CACHE_HOME: home })).toBe(join(checkout, ".cache/images"));
});
