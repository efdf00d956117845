/** What every back-end of the ADC driver does, through its server: on board `virtual`, on folders, on real devices. */
import { describe, expect, test } from "vitest";
import { eachOnBench } from "../testing/each-on-bench.ts";
import type { AdcDriver } from "./driver.ts";
import { adcDriver } from "./server.ts";

/** Inputs of one kind, and where their values lie. */
export type ExpectedInput = { channel: string; unit: string; min: number; max: number; isRaw: boolean };

export type AdcBench = {
  create(): AdcDriver;
  readonly device: string;
  readonly inputs: readonly ExpectedInput[];
  /** Takes the device away, and gives back what brings it again. Left out where nothing can be unplugged. */
  unplug?(): Promise<() => Promise<void>>;
  close(): Promise<void>;
};

export function conformance(name: string, open: () => Promise<AdcBench>): void {
  describe(`[K11] the adc driver on ${name}`, () => {
    const on = eachOnBench(open, adcDriver);
    const connect = (channel: string, device = on.bench.device, component = "climate") =>
      on.driver.connect("input", { grant: { device, channel }, component }).client;

    test("measures each input, in its unit, for several clients", async () => {
      for (const { channel, unit, min, max, isRaw } of on.bench.inputs) {
        for (const component of ["climate", "recorder"]) {
          const measured = await connect(channel, on.bench.device, component).read();
          expect(measured.unit).toBe(unit);
          expect(measured.value).toBeGreaterThanOrEqual(min);
          expect(measured.value).toBeLessThanOrEqual(max);
          expect(measured.raw !== null).toBe(isRaw);
        }
      }
    });

    test("says of an input, or of a device, that is not there that it is absent", async () => {
      const absent = { code: "DEVICE_ABSENT" };
      const channel = on.bench.inputs[0]?.channel as string;
      await expect(connect("voltage99").read()).rejects.toMatchObject(absent);
      await expect(connect(channel, "no-such-device").read()).rejects.toMatchObject(absent);
      await connect(channel).read();
    });

    test("[K9] takes no channel whose name leads elsewhere", () => {
      for (const channel of ["../power", "voltage0_raw/..", "", "Voltage0"]) expect(() => connect(channel)).toThrow();
      expect(() => connect("voltage0", "../adc")).toThrow();
    });

    test("says so while the device is away, and goes on when it is back", async ({ skip }) => {
      if (on.bench.unplug === undefined) return skip("nothing can be unplugged here");
      const client = connect(on.bench.inputs[0]?.channel as string);
      const before = await client.read();
      const plug = await on.bench.unplug();
      await expect(client.read()).rejects.toMatchObject({ code: "DEVICE_ABSENT" });
      await plug();
      expect((await client.read()).unit).toBe(before.unit);
    });
  });
}
