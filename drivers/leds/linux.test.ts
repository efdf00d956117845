/**
 * On folders that look like the kernel's: their triggers are text alone, so the driver blinks by itself, as it does where the
 * kernel keeps the times of its timer for root. The kernel itself is on the boards.
 */
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createBlinker } from "./blinker.ts";
import { conformance } from "./conformance.ts";
import { linuxLeds } from "./linux.ts";

async function makeLed(values: Readonly<Record<string, string>>) {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-led-"));
  const led = join(directory, "led-status");
  await mkdir(led);
  for (const [name, value] of Object.entries(values)) await writeFile(join(led, name), `${value}\n`);
  return { directory, read: async (name: string) => (await readFile(join(led, name), "latin1")).trim() };
}

conformance("folders", async () => {
  const { directory, read } = await makeLed({
    brightness: "51",
    max_brightness: "255",
    trigger: "none mmc0 [heartbeat]",
  });
  return {
    create: () => linuxLeds(directory),
    ...{ device: "led-status", steps: 255, blinks: "driver" },
    async observe() {
      const trigger = await read("trigger");
      return { percent: (Number(await read("brightness")) * 100) / 255, trigger };
    },
    before: { percent: 20, trigger: "heartbeat" },
    async unplug() {
      await rename(join(directory, "led-status"), join(directory, "away"));
      return () => rename(join(directory, "away"), join(directory, "led-status"));
    },
    close: () => rm(directory, { recursive: true }),
  };
});

test("[K11] blinking ends where the LED does, and nothing of it is left", async () => {
  const failures: unknown[] = [];
  const blinker = createBlinker(
    async () => {
      throw new Error("gone");
    },
    (error) => failures.push(error),
  );
  blinker.start(20, 20);
  await expect.poll(() => blinker.isRunning).toBe(false);
  await blinker.stop();
  expect(failures).toHaveLength(1);
});
