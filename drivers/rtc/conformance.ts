/** What every back-end of the RTC driver does, through its server: on board `virtual`, and on real clocks. */
import { describe, expect, test } from "vitest";
import { eachOnBench } from "../testing/each-on-bench.ts";
import type { RtcDriver } from "./driver.ts";
import { rtcDriver } from "./server.ts";

export type RtcBench = {
  create(): RtcDriver;
  readonly device: string;
  unplug?(): Promise<() => Promise<void>>;
  close(): Promise<void>;
};

/** A second before midnight: the next second is another month. */
const eveMs = Date.UTC(2027, 1, 28, 23, 59, 59);

export function conformance(name: string, open: () => Promise<RtcBench>): void {
  describe(`[K11] the rtc driver on ${name}`, () => {
    const on = eachOnBench(open, rtcDriver);
    const connect = (access = "read-write", device = on.bench.device) =>
      on.driver.connect("clock", { grant: { device, access } }).client;

    test("has the time that it was set to, and goes on from there", async () => {
      const clock = connect();
      await clock.set({ timeMs: eveMs });
      const { timeMs } = await clock.read();
      expect(timeMs).toBeGreaterThanOrEqual(eveMs);
      expect(timeMs).toBeLessThanOrEqual(eveMs + 20_000);
      await expect.poll(async () => (await clock.read()).timeMs, { timeout: 20_000 }).toBeGreaterThan(eveMs);
      expect(new Date((await clock.read()).timeMs).toISOString()).toMatch(/^2027-03-01T00:00/);
    });

    test("takes times of this century, and of whole seconds", async () => {
      const clock = connect();
      // No day that some month lacks: QEMU's DS1338 makes a date of each register as it is written, one after the other.
      for (const timeMs of [Date.UTC(2000, 0, 1), Date.UTC(2028, 1, 28, 12), Date.UTC(2099, 11, 28, 23, 59, 0)]) {
        await clock.set({ timeMs });
        expect(Math.abs((await clock.read()).timeMs - timeMs)).toBeLessThanOrEqual(20_000);
      }
      const invalid = { code: "IPC_ARGUMENTS_INVALID" };
      await expect(clock.set({ timeMs: eveMs + 1 })).rejects.toMatchObject(invalid);
      await expect(clock.set({ timeMs: Date.UTC(2100, 0, 1) })).rejects.toMatchObject(invalid);
    });

    test("[K9] is not set by who may read alone", async () => {
      await connect().set({ timeMs: eveMs });
      const reader = connect("read");
      await expect(reader.set({ timeMs: 0 })).rejects.toMatchObject({ code: "IPC_NOT_GRANTED" });
      expect((await reader.read()).timeMs).toBeGreaterThanOrEqual(eveMs);
    });

    test("says so while the clock is away, and goes on when it is back", async ({ skip }) => {
      if (on.bench.unplug === undefined) return skip("nothing can be unplugged here");
      const clock = connect();
      await clock.set({ timeMs: eveMs });
      const plug = await on.bench.unplug();
      await expect(clock.read()).rejects.toMatchObject({ code: "DEVICE_ABSENT" });
      await expect(clock.set({ timeMs: eveMs })).rejects.toMatchObject({ code: "DEVICE_ABSENT" });
      await plug();
      expect((await clock.read()).timeMs).toBeGreaterThanOrEqual(eveMs);
    });
  });
}
