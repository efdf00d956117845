/** The RTC driver on a chip on I2C (a DS1338, by the kernel's rtc-ds1307), and on the clock of an i.MX itself (rtc-snvs). */
import { open as openFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findIn, firstOf, load, showDevices, unbind } from "../sysfs/testing/board.ts";
import { installedIoctl } from "../testing/installed-ioctl.ts";
import { conformance } from "./conformance.ts";
import { linuxRtc } from "./linux.ts";

const bus = "/sys/bus/i2c/devices/i2c-2";
const snvs = firstOf("platform", ["30370000.snvs:snvs-rtc-lp", "20cc000.snvs:snvs-rtc-lp"]);
const chips = [
  { name: "rtc-ds1307", device: "2-0068", bus: "i2c" },
  { name: "rtc-snvs", device: snvs, bus: "platform" },
];
const drivers: Readonly<Record<string, string>> = {
  "rtc-ds1307": "/sys/bus/i2c/drivers/rtc-ds1307",
  "rtc-snvs": "/sys/bus/platform/drivers/snvs_rtc",
};

beforeAll(async () => {
  await load("rtc-snvs");
  await writeFile(`${bus}/new_device`, "ds1338 0x68");
});
afterAll(() => writeFile(`${bus}/delete_device`, "0x68"));

for (const chip of chips) {
  const place = () => findIn(`/sys/bus/${chip.bus}/devices/${chip.device}/rtc`, /^rtc\d+$/);
  const open = async () => {
    const devices = await showDevices(async () => ({ "rtc-1": await place() }));
    const nodes = await showDevices(async () => ({ "rtc-1": join("/dev", basename(await place())) }));
    const places = {
      attributesOf: (name: string) => join(devices.directory, name),
      nodeOf: (name: string) => join(nodes.directory, name),
    };
    return {
      create: () => linuxRtc(places, installedIoctl()),
      device: "rtc-1",
      async unplug() {
        const plug = await unbind(drivers[chip.name] as string, chip.device);
        return async () => {
          await plug();
          await devices.show();
          await nodes.show();
        };
      },
      async close() {
        await devices.close();
        await nodes.close();
      },
    };
  };
  conformance(chip.name, open);

  describe(`[K11] the rtc driver's back-end on ${chip.name}`, () => {
    test("says that another program has the clock while it is set", async () => {
      const bench = await open();
      const other = await openFile(join("/dev", basename(await place())), "r");
      const rtc = bench.create();
      await expect(rtc.set(bench.device, 0)).rejects.toMatchObject({ code: "DEVICE_BUSY" });
      await other.close();
      await rtc.set(bench.device, 1_900_000_000_000);
      await bench.close();
    });

    // QEMU's DS1338 makes a date of each register as it is written: a leap day is none in between.
    if (chip.name !== "rtc-snvs") return;
    test("keeps a leap day, and the last day of the century", async () => {
      const bench = await open();
      const rtc = bench.create();
      for (const timeMs of [Date.UTC(2028, 1, 29, 12), Date.UTC(2099, 11, 31, 12)]) {
        await rtc.set(bench.device, timeMs);
        expect(Math.abs((await rtc.read(bench.device)) - timeMs)).toBeLessThanOrEqual(20_000);
      }
      await bench.close();
    });
  });
}
