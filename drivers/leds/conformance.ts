/** What every back-end of the LED driver does, through its server: on board `virtual`, on folders, on real LEDs. */
import { describe, expect, test } from "vitest";
import { eachOnBench } from "../testing/each-on-bench.ts";
import type { LedDriver } from "./driver.ts";
import { ledsDriver } from "./server.ts";

export type LedBench = {
  create(): LedDriver;
  readonly device: string;
  /** Steps of brightness; 1: on and off alone. */
  readonly steps: number;
  /** Who blinks it here. */
  readonly blinks: "kernel" | "driver";
  /** The LED seen past the driver: its brightness in percent, and what drives it. */
  observe(): Promise<{ percent: number; trigger: string }>;
  /** What it was before anybody took it. */
  readonly before: { percent: number; trigger: string };
  unplug?(): Promise<() => Promise<void>>;
  close(): Promise<void>;
};

export function conformance(name: string, open: () => Promise<LedBench>): void {
  describe(`[K11] the leds driver on ${name}`, () => {
    const on = eachOnBench(open, ledsDriver);
    const connect = (component = "panel") =>
      on.driver.connect("led", { grant: { device: on.bench.device }, component });
    const percent = async () => (await on.bench.observe()).percent;

    test("is dark when it is taken, as bright as asked, and never dark where it was to be lit", async () => {
      const { client } = connect();
      expect(await client.read()).toEqual({ percent: 0, blinks: "no" });
      expect((await on.bench.observe()).trigger).toBe("none");
      await client.set({ percent: 100 });
      expect(await percent()).toBe(100);
      await client.set({ percent: 0.01 });
      expect(await percent()).toBeGreaterThan(0);
      if (on.bench.steps > 1) {
        await client.set({ percent: 50 });
        expect(Math.abs((await percent()) - 50)).toBeLessThanOrEqual(50 / on.bench.steps);
      }
      await client.set({ percent: 0 });
      expect(await percent()).toBe(0);
    });

    test("blinks until it is told otherwise", async () => {
      const { client } = connect();
      await client.blink({ onMs: 30, offMs: 30 });
      expect((await client.read()).blinks).toBe(on.bench.blinks);
      for (const lit of [true, false, true, false])
        await expect.poll(async () => (await percent()) > 0, { interval: 3, timeout: 20_000 }).toBe(lit);
      await client.set({ percent: 100 });
      expect(await client.read()).toEqual({ percent: 100, blinks: "no" });
      expect((await on.bench.observe()).trigger).toBe("none");
    });

    test("is as it was before when its client goes, or its driver stops", async () => {
      const first = connect();
      await first.client.blink({ onMs: 30, offMs: 30 });
      first.leave();
      await expect.poll(() => on.bench.observe(), { timeout: 20_000 }).toMatchObject(on.bench.before);
      const next = connect("other");
      await next.client.set({ percent: 100 });
      expect(await percent()).toBe(100);
      await on.driver.stop();
      expect(await percent()).toBe(on.bench.before.percent);
    });

    test("refuses a LED that another client has, and leaves it as it is", async () => {
      await connect().client.set({ percent: 100 });
      await expect(connect("other").client.set({ percent: 0 })).rejects.toMatchObject({ code: "DEVICE_BUSY" });
      expect(await percent()).toBe(100);
    });

    test("says so while the LED is away, and goes on when it is back", async ({ skip }) => {
      if (on.bench.unplug === undefined) return skip("nothing can be unplugged here");
      const { client } = connect();
      await client.set({ percent: 100 });
      const plug = await on.bench.unplug();
      await expect(client.set({ percent: 0 })).rejects.toMatchObject({ code: "DEVICE_ABSENT" });
      await plug();
      await client.set({ percent: 100 });
      expect(await percent()).toBe(100);
    });
  });
}
