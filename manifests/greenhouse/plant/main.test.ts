import { startComponent } from "@bulkhead/sdk/testing";
import { describe, expect, test } from "vitest";
import { encodeTemperature } from "./bus.ts";
import { component } from "./main.ts";

/** Machines that run eight things at once take their time. */
const eventually = <T>(probe: () => T | Promise<T>) => expect.poll(probe, { timeout: 20_000 });

const readTemperature = { bus: 2, address: 0x48, write: Uint8Array.of(0), readLength: 2 };

describe("[S4] the plant", () => {
  test("has a thermometer that speaks as the data sheet says", () => {
    expect([...encodeTemperature(25)]).toEqual([0x19, 0x00]);
    expect([...encodeTemperature(0.25)]).toEqual([0x00, 0x40]);
    expect([...encodeTemperature(-25)]).toEqual([0xe7, 0x00]);
    expect([...encodeTemperature(127.9375)]).toEqual([0x7f, 0xf0]);
  });

  test("answers at the addresses of its sensors and at no other", async () => {
    const plant = await startComponent(component, { uses: {} });
    const { client } = plant.connect("bus");
    expect(await client.transfer(readTemperature)).toEqual({ read: encodeTemperature(25.5) });
    expect(await client.transfer({ ...readTemperature, address: 0x36 })).toEqual({ read: Uint8Array.of(1, 0x40) });
    expect(await client.transfer({ ...readTemperature, write: Uint8Array.of(9) })).toEqual({
      read: Uint8Array.of(255, 255),
    });
    for (const wrong of [{ address: 0x50 }, { bus: 1 }]) {
      await expect(client.transfer({ ...readTemperature, ...wrong })).rejects.toMatchObject({
        code: "I2C_NO_ACKNOWLEDGE",
      });
    }
    await plant.stop();
  });

  test("closes its flow switch while the valve is open, and tells each change once", async () => {
    const plant = await startComponent(component, { uses: {} });
    const { client } = plant.connect("pins");
    const changes: unknown[] = [];
    client.channel.on("changed", (change) => changes.push(change));
    for (const level of [1, 1, 0] as const) await client.drive({ pin: "P9_14", level });
    await eventually(() => changes).toEqual([
      { pin: "P9_15A", level: 1 },
      { pin: "P9_15A", level: 0 },
    ]);
    expect(await client.sense({ pin: "P9_15A" })).toEqual({ level: 0 });
    await plant.stop();
  });

  test("cools while its fan pin is 1", async () => {
    const plant = await startComponent(component, { uses: {} });
    const bus = plant.connect("bus").client;
    const pins = plant.connect("pins").client;
    const temperature = async () => {
      const { read } = await bus.transfer(readTemperature);
      return (read[0] as number) * 256 + (read[1] as number);
    };
    const before = await temperature();
    await pins.drive({ pin: "P9_12", level: 1 });
    expect(await pins.sense({ pin: "P9_12" })).toEqual({ level: 1 });
    await eventually(temperature).toBeLessThan(before);
    await pins.drive({ pin: "P9_12", level: 0 });
    const cooled = await temperature();
    await eventually(temperature).toBeGreaterThan(cooled);
    await plant.stop();
  });
});
