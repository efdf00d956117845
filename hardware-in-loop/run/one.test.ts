import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runStation } from "./one.ts";

test.each([
  ["an image that is not there", "bench/beaglebone-black", "FILE_UNREADABLE"],
  ["a station that cannot be flashed", "emulated/qemu-virt-arm64", "STATION_CAPABILITY_UNPROVIDED"],
])("[K19] a run that is refused for %s leaves the report of the last one", async (_, name, code) => {
  const out = mkdtempSync(join(tmpdir(), "bulkhead-run-"));
  onTestFinished(() => rmSync(out, { recursive: true }));
  const report = join(out, name, "report.json");
  mkdirSync(join(out, name), { recursive: true });
  writeFileSync(report, "last");
  const wish = { out, only: undefined, short: true, device: undefined, json: false };
  await expect(runStation(name, { ...wish, flash: join(out, "none.img") })).rejects.toMatchObject({ code });
  expect(readFileSync(report, "utf8")).toBe("last");
});
