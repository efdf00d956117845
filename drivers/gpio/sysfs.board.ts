/** The back-end on sysfs (onoff) on the kernel's GPIO simulation: the conformance suite, and what this back-end cannot. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { asOutput, conformance } from "./conformance.ts";
import type { Edge } from "./driver.ts";
import { openBench, openControllers, pins } from "./testing/simulated-controllers.ts";

conformance("sysfs on gpio-sim", () => openBench("sysfs"));

describe("[K11] gpio lines of sysfs alone", () => {
  test("says that it stamps edges itself, and refuses what it cannot set", async () => {
    const world = openControllers();
    const driver = world.sysfs();
    expect(driver.stamps).toBe("driver");
    const refused = { code: "DEVICE_FAILED", message: expect.stringMatching(/neither the bias nor the drive/) };
    await expect(driver.claim(["P1"], { direction: "in", bias: "pull-up" })).rejects.toMatchObject(refused);
    const openDrain = { direction: "out", safe: 0, drive: "open-drain" } as const;
    await expect(driver.claim(["P1"], openDrain)).rejects.toMatchObject(refused);
    world.close();
  });

  test("a line that somebody left inverted has the levels that are asked for", async () => {
    const world = openControllers();
    const base = Number(readFileSync(join(world.controllers[0].directory(), "base"), "utf8"));
    const number = base + (pins["P3"]?.line ?? 0);
    writeFileSync("/sys/class/gpio/export", `${number}`);
    writeFileSync(`/sys/class/gpio/gpio${number}/active_low`, "1");
    const lines = await world.sysfs().claim(["P3"], asOutput(0));
    for (const level of [1, 0, 1] as const) {
      await lines.write([level]);
      expect(world.sense("P3")).toBe(level);
    }
    await lines.release();
    world.close();
  });

  test("what bounces is one edge", async () => {
    const world = openControllers();
    const lines = await world.sysfs().claim(["P1"], { direction: "in", debounceUs: 300_000 });
    const seen: Edge[] = [];
    await lines.watch(
      "both",
      (edge) => seen.push(edge),
      () => {},
    );
    for (const level of [1, 0, 1, 0, 1] as const) world.drive("P1", level);
    await expect.poll(() => seen).toMatchObject([{ level: 1 }]);
    await lines.release();
    world.close();
  });
});
