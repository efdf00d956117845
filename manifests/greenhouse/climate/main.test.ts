import { gpioLineInterface } from "@bulkhead/drivers/gpio/interface";
import { i2cDeviceInterface } from "@bulkhead/drivers/i2c/interface";
import { BulkheadError } from "@bulkhead/protocol";
import { clockInterface, samplesInterface } from "@bulkhead/sdk";
import { fakeClient, startComponent } from "@bulkhead/sdk/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { moistureInterface, telemetryInterface } from "../interfaces.ts";
import { encodeTemperature } from "../plant/bus.ts";
import { component } from "./main.ts";

/** Machines that run eight things at once take their time. */
const eventually = <T>(probe: () => T | Promise<T>) => expect.poll(probe, { timeout: 20_000 });

async function start() {
  const world = {
    temperatureC: 20 as number | undefined,
    fan: 0,
    published: [] as unknown[],
    samples: [] as unknown[],
  };
  const thermometer = fakeClient(
    i2cDeviceInterface,
    {
      readRegister() {
        if (world.temperatureC === undefined) throw new BulkheadError("I2C_NO_ACKNOWLEDGE", "nobody there");
        return { data: encodeTemperature(world.temperatureC) };
      },
      writeRegister: () => null,
      transfer: () => ({ read: new Uint8Array() }),
    },
    { grant: { bus: 2, address: 0x48, access: "read" } },
  );
  const fan = fakeClient(
    gpioLineInterface,
    {
      read: () => ({ level: 0 }),
      write({ level }) {
        world.fan = level;
        return null;
      },
      watch: () => ({ stamped: "driver" }),
    },
    { grant: { pin: "P9_12", direction: "out" } },
  );
  const clock = fakeClient(clockInterface, {
    now: () => ({ timeMs: 1000, monotonicUs: 0, quality: "host", errorMs: null }),
    after: () => null,
    cancel: () => null,
  });
  const readings = fakeClient(telemetryInterface, {
    publish(reading) {
      world.published.push(reading);
      return null;
    },
  });
  const moisture = fakeClient(moistureInterface, { read: () => ({ moisturePermille: 320 }) });
  const samples = fakeClient(
    samplesInterface,
    {
      publish({ values }) {
        world.samples.push(values);
        return null;
      },
    },
    { grant: { streams: { temperature: { unit: "°C", min: -55, max: 125 }, fan: { unit: "on" } } } },
  );
  const climate = await startComponent(component, {
    uses: {
      thermometer: thermometer.client,
      fan: fan.client,
      clock: clock.client,
      readings: readings.client,
      moisture: moisture.client,
      samples: samples.client,
    },
    config: { periodMs: 10 },
  });
  onTestFinished(() => climate.stop());
  return { world, climate, moisture, readings, state: climate.connect("state").client };
}

describe("[S4] the climate component", () => {
  test("switches the fan by the temperature and says so", async () => {
    const { world, climate } = await start();
    world.temperatureC = 26.125;
    await eventually(() => world.fan).toBe(1);
    world.temperatureC = 24.9375;
    await eventually(() => world.fan).toBe(0);
    expect(climate.lines).toEqual(["info fan on at 26.1 °C", "info fan off at 24.9 °C"]);
    await eventually(() => world.samples.at(-1)).toEqual({ temperature: 24.938, fan: 0 });
  });

  test("lets the fan run while the thermometer does not answer, and tells it once", async () => {
    const { world, climate, state } = await start();
    world.temperatureC = undefined;
    await eventually(() => world.fan).toBe(1);
    expect(await state.read()).toMatchObject({ temperatureMilliC: null, fan: 1 });
    world.temperatureC = 20;
    await eventually(() => world.fan).toBe(0);
    expect(climate.lines.filter((line) => line.includes("does not answer"))).toHaveLength(1);
    expect(climate.lines).toContainEqual("info the thermometer answers again");
  });

  test("[K2] goes on without the moisture sensor and tells when it goes and comes back", async () => {
    const { world, climate, moisture, state } = await start();
    await eventually(() => state.read()).toMatchObject({ moisturePermille: 320 });
    moisture.goDown();
    await eventually(() => state.read()).toMatchObject({ moisturePermille: null });
    world.temperatureC = 27;
    await eventually(() => world.fan).toBe(1);
    moisture.comeBack();
    await eventually(() => state.read()).toMatchObject({ moisturePermille: 320 });
    expect(climate.lines).toEqual([
      "warn moisture sensor is gone, going on without it",
      "info fan on at 27.0 °C",
      'info moisture sensor is back {"incarnation":2}',
    ]);
  });

  test("publishes what it knows, and controls without telemetry", async () => {
    const { world, readings } = await start();
    await expect
      .poll(() => world.published.at(-1))
      .toMatchObject({
        topic: "greenhouse/climate",
        fields: { timeMs: 1000, temperatureMilliC: 20_000, fan: 0, moisturePermille: 320 },
      });
    readings.goDown();
    world.temperatureC = 27;
    await eventually(() => world.fan).toBe(1);
  });

  test("switches the fan off when it stops", async () => {
    const { world, climate } = await start();
    world.temperatureC = 27;
    await eventually(() => world.fan).toBe(1);
    await climate.stop();
    expect(world.fan).toBe(0);
  });
});
