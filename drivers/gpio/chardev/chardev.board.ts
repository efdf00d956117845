/** The character device's back-end on the kernel's GPIO simulation: the conformance suite, and what this back-end alone can. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { asInput, asOutput, conformance } from "../conformance.ts";
import type { Edge } from "../driver.ts";
import { makeController } from "../testing/gpio-sim.ts";
import { openBench, openControllers } from "../testing/simulated-controllers.ts";

conformance("chardev on gpio-sim", () => openBench("chardev"));

describe("[K11] gpio lines of the character device alone", () => {
  let world: ReturnType<typeof openControllers>;
  beforeEach(() => {
    world = openControllers();
  });
  afterEach(() => world.close());
  const ignore = () => {};

  test("edges that the kernel had no room for leave a gap of just as many", async () => {
    const lines = await world.chardev().claim(["P1"], asInput);
    const seen: Edge[] = [];
    await lines.watch("both", (edge) => seen.push(edge), ignore);
    // Nothing of this process runs meanwhile, so nobody takes them; the kernel keeps 1024.
    for (let done = 1; done <= 1500; done += 1) world.drive("P1", done % 2 === 1 ? 1 : 0);
    await expect.poll(() => seen.at(-1)?.sequence).toBe(1499);
    expect(seen).toHaveLength(1024);
    const gaps = seen.slice(1).map((edge, index) => edge.sequence - (seen[index]?.sequence ?? 0) - 1);
    const lost = (seen[0]?.sequence ?? 0) + gaps.reduce((sum, gap) => sum + gap, 0);
    expect(lost).toBe(1500 - 1024);
    await lines.release();
  });

  test("a resistor pulls an input as it is told to", async () => {
    const driver = world.chardev();
    for (const [bias, level] of [
      ["pull-up", 1],
      ["pull-down", 0],
    ] as const) {
      const lines = await driver.claim(["P1"], { direction: "in", bias });
      expect(await lines.read()).toEqual([level]);
      await lines.release();
    }
  });

  test("an open drain leaves the line to others where it does not pull it down", async () => {
    const lines = await world.chardev().claim(["P1"], { direction: "out", safe: 0, drive: "open-drain" });
    expect(world.sense("P1")).toBe(0);
    await lines.write([1]);
    for (const level of [1, 0] as const) {
      world.drive("P1", level);
      expect(world.sense("P1")).toBe(level);
      expect(await lines.read()).toEqual([level]);
    }
    await lines.release();
  });

  test("what bounces is one edge", async () => {
    const lines = await world.chardev().claim(["P1"], { direction: "in", debounceUs: 300_000 });
    const seen: Edge[] = [];
    await lines.watch("both", (edge) => seen.push(edge), ignore);
    for (const level of [1, 0, 1, 0, 1] as const) world.drive("P1", level);
    await expect.poll(() => seen).toMatchObject([{ level: 1 }]);
    world.drive("P1", 0);
    await expect.poll(() => seen).toMatchObject([{ level: 1 }, { level: 0 }]);
    await lines.release();
  });

  test("another controller under the same node is not taken for the one that went", async () => {
    const driver = world.chardev();
    await (await driver.claim(["P3"], asOutput(0))).release();
    const [first] = world.controllers;
    first.remove();
    const stranger = makeController("stranger", 8);
    expect(stranger.chip).toBe(first.chip);
    await expect(driver.claim(["P3"], asOutput(0))).rejects.toMatchObject({ code: "GPIO_GONE" });
    stranger.remove();
    world = { ...world, close: () => world.controllers[1].remove() };
  });
});
