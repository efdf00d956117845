import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findKoffi } from "./koffi.ts";

test("[K11] a build for another processor takes what was fetched for it, and else says how to get that", async () => {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-koffi-"));
  expect(() => findKoffi("armhf", directory)).toThrow(
    expect.objectContaining({
      code: "BUILD_FAILED",
      message: "there is no koffi for the drivers of armhf boards",
      remedy: expect.stringMatching(/^node scripts\/setup\/koffi\.mjs armhf /),
    }),
  );
  const folder = join(directory, ".cache/koffi/koffi-linux-arm/linux_armhf");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "koffi.node"), "");
  expect(findKoffi("armhf", directory)).toBe(join(folder, "koffi.node"));
  await rm(directory, { recursive: true });
});
