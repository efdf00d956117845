/** The ADC driver on a sensor that the kernel has by industrial I/O: a DPS310 on the third I2C bus of an i.MX. */
import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll } from "vitest";
import { findIn, load, showDevices, unbind } from "../sysfs/testing/board.ts";
import { conformance } from "./conformance.ts";
import { linuxAdc } from "./linux.ts";

const bus = "/sys/bus/i2c/devices/i2c-2";
const chip = "2-0076";
const find = async () => ({ barometer: await findIn(`/sys/bus/i2c/devices/${chip}`, /^iio:device\d+$/) });

beforeAll(async () => {
  await load("dps310");
  await writeFile(`${bus}/new_device`, "dps310 0x76");
});
afterAll(() => writeFile(`${bus}/delete_device`, "0x76"));

conformance("dps310", async () => {
  const devices = await showDevices(find);
  return {
    create: () => linuxAdc(devices.directory),
    device: "barometer",
    inputs: [
      { channel: "temp", unit: "m°C", min: -40_000, max: 85_000, isRaw: false },
      { channel: "pressure", unit: "kPa", min: 30, max: 120, isRaw: false },
    ],
    async unplug() {
      const plug = await unbind("/sys/bus/i2c/drivers/dps310", chip);
      return async () => {
        await plug();
        await devices.show();
      };
    },
    close: devices.close,
  };
});
