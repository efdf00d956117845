/** What is shown of a root server to who decides on its slot. That systemd hears of it is seen on an emulated board (tests/prove/images). */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openServiceManager } from "./service-manager.ts";

let runDir: string;
beforeEach(async () => {
  runDir = await mkdtemp(join(tmpdir(), "bulkhead-manager-"));
});
afterEach(() => rm(runDir, { recursive: true }));

const nobody = { line: () => undefined };
const generation = (waiting: string[], safe = false) => ({ notReady: () => waiting, isInSafeMode: () => safe });

test("[K18] the mark `well` is there while all components are ready, and at no other time", async () => {
  await writeFile(join(runDir, "well"), "");
  const manager = openServiceManager(nobody, runDir, { NOTIFY_SOCKET: join(runDir, "nobody") });
  const seen = [existsSync(join(runDir, "well"))];
  for (const state of [
    generation(["one"]),
    generation([]),
    generation([], true),
    generation([]),
    generation(["one"]),
  ]) {
    manager.observe(state);
    seen.push(existsSync(join(runDir, "well")));
  }
  expect(seen).toEqual([false, false, true, false, true, false]);
});

test("[K18] where no service manager asked, nothing is told and nothing is marked", () => {
  openServiceManager(nobody, runDir, {}).observe(generation([]));
  expect(existsSync(join(runDir, "well"))).toBe(false);
});
