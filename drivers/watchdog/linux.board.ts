/** The watchdog driver on the watchdogs that a board has: an i.MX 8M's own (imx2_wdt), or an i6300esb on PCI. */

import { existsSync } from "node:fs";
import { open as openFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { beforeAll } from "vitest";
import { findIn, load, showDevices, textOf, unbind } from "../sysfs/testing/board.ts";
import { installedIoctl } from "../sysfs/testing/koffi.ts";
import { conformance, type WatchdogBench } from "./conformance.ts";
import { linuxWatchdog } from "./linux.ts";

const isImx = existsSync("/sys/bus/platform/devices/30280000.watchdog");
const [module, driver] = isImx
  ? ["imx2_wdt", "/sys/bus/platform/drivers/imx2-wdt"]
  : ["i6300esb", "/sys/bus/pci/drivers/i6300ESB timer"];
beforeAll(() => load(module));

/** The device that the kernel's driver has; while it has none, the one that it had. */
const place = () =>
  isImx
    ? findIn("/sys/bus/platform/devices/30280000.watchdog/watchdog", /^watchdog\d+$/)
    : findIn("/sys/class/watchdog", /^watchdog\d+$/);

conformance(module, async (): Promise<WatchdogBench> => {
  const devices = await showDevices(async () => ({ "watchdog-1": await place() }));
  const nodes = await showDevices(async () => ({ "watchdog-1": join("/dev", basename(await place())) }));
  const places = {
    attributesOf: (name: string) => join(devices.directory, name),
    nodeOf: (name: string) => join(nodes.directory, name),
  };
  const occupy = async () => {
    const file = await openFile(places.nodeOf("watchdog-1"), "w");
    return async () => {
      await file.write("V");
      await file.close();
    };
  };
  const state = () => textOf(join(places.attributesOf("watchdog-1"), "state"));
  return {
    create: () => linuxWatchdog(places, installedIoctl()),
    ...{ device: "watchdog-1", outlivesDriver: true },
    isRunning: async () => (await state()) === "active",
    occupy,
    async unplug() {
      const device = isImx ? "30280000.watchdog" : basename(await findIn(driver, /^[0-9a-f]{4}:/));
      const plug = await unbind(driver, device);
      return async () => {
        await plug();
        await devices.show();
        await nodes.show();
      };
    },
    async close() {
      const leave = await occupy();
      await leave();
      await devices.close();
      await nodes.close();
    },
  };
});
