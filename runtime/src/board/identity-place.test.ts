import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { identityPlaceOf } from "./identity-place.ts";

test("[K18] on a Linux that is not ours a board is told who it is by a file, which is gone once it was taken", async () => {
  const directory = mkdtempSync(join(tmpdir(), "bulkhead-place-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "identity");
  const place = identityPlaceOf(["--identity", file]);
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
  for (const words of [["--identity"], ["--other", "file"], ["--identity", "file", "more"]])
    expect(() => identityPlaceOf(words)).toThrow("takes --identity FILE, or nothing");
});
