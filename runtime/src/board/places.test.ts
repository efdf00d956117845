import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { placesOf } from "./places.ts";

test("[K18] on a Linux that is not ours a board is told who it is by a file, which is gone once it was taken", async () => {
  const directory = mkdtempSync(join(tmpdir(), "bulkhead-place-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "identity");
  const { identity: place, factory } = placesOf(["--identity", file, "--factory", "/opt/factory"]);
  expect(await factory()).toBe("/opt/factory");
  expect(await place.isThere()).toBe(false);
  await expect(place.find()).rejects.toMatchObject({
    code: "FILE_UNREADABLE",
    remedy: expect.stringContaining("install --identity"),
  });
  writeFileSync(file, "{}");
  expect([await place.isThere(), await place.find()]).toEqual([true, file]);
  await place.forget();
  expect(existsSync(file)).toBe(false);
  // Forgotten twice, as by a start after a cut.
  await place.forget();
});

test("[K18] a first start takes no other words", () => {
  const whole = ["--identity", "file", "--factory", "file"];
  for (const words of [whole.slice(0, 2), whole.slice(0, 3), ["--other", ...whole.slice(1)], [...whole, "more"]])
    expect(() => placesOf(words)).toThrow("takes --identity FILE --factory FILE, or nothing");
});
