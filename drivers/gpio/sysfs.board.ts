/** The back-end on sysfs (onoff) on the kernel's GPIO simulation: the conformance suite, and what this back-end cannot. */
import { describe, expect, test } from "vitest";
import { conformance } from "./conformance.ts";
import type { Edge } from "./driver.ts";
import { openBench, openControllers } from "./testing/simulated-controllers.ts";

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
