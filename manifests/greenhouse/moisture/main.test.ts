import { i2cDeviceInterface } from "@bulkhead/drivers/i2c/interface";
import { fakeClient, startComponent } from "@bulkhead/sdk/testing";
import { describe, expect, test } from "vitest";
import { component } from "./main.ts";

describe("[K11] the moisture sensor", () => {
  test("gives thousandths of saturation, whatever the register holds", async () => {
    let register = [1, 0x40];
    const soil = fakeClient(
      i2cDeviceInterface,
      {
        readRegister: () => ({ data: Uint8Array.from(register) }),
        writeRegister: () => null,
        transfer: () => ({ read: new Uint8Array() }),
      },
      { grant: { bus: 2, address: 0x36, access: "read" } },
    );
    const sensor = await startComponent(component, { uses: { soil: soil.client } });
    const { client } = sensor.connect("reading");
    expect(await client.read()).toEqual({ moisturePermille: 320 });
    register = [0xff, 0xff];
    expect(await client.read()).toEqual({ moisturePermille: 1000 });
  });

  test("refuses a configuration that makes no sense", async () => {
    const soil = fakeClient(i2cDeviceInterface, {
      readRegister: () => ({ data: new Uint8Array(2) }),
      writeRegister: () => null,
      transfer: () => ({ read: new Uint8Array() }),
    });
    const started = startComponent(component, { uses: { soil: soil.client }, config: { readingsPerCrash: 0 } });
    await expect(started).rejects.toThrow("readingsPerCrash");
  });
});
