import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { primitives } from "@bulkhead/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lackingPrimitives } from "./primitives.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bulkhead-primitives-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function file(path: string, text = ""): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

test("[K22] a kernel that shows nothing has none; of secure boot it cannot know", async () => {
  expect(await lackingPrimitives(primitives, root)).toEqual(["tpm", "caam", "op-tee", "hardware-rng", "watchdog"]);
});

test("[K22] what the kernel shows is there", async () => {
  file("dev/tpmrm0");
  file("dev/tee0");
  file("sys/class/watchdog/watchdog0/timeout", "60\n");
  file("sys/class/misc/hw_random/rng_current", "48310000.rng\n");
  file("sys/bus/platform/drivers/caam_jr/30902000.jr/driver_override");
  expect(await lackingPrimitives(primitives, root)).toEqual([]);
});

test("[K22] a driver that serves nothing is none", async () => {
  file("sys/class/misc/hw_random/rng_current", "none\n");
  file("sys/bus/platform/drivers/caam_jr/bind");
  mkdirSync(join(root, "sys/class/watchdog"), { recursive: true });
  expect(await lackingPrimitives(["caam", "hardware-rng", "watchdog"], root)).toEqual([
    "caam",
    "hardware-rng",
    "watchdog",
  ]);
});
