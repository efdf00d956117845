/** The watchdog driver on the watchdogs that a board has: an i.MX's own (imx2_wdt), or an i6300esb on PCI. */

import { existsSync } from "node:fs";
import { open as openFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { beforeAll } from "vitest";
import { findIn, load, showDevices, textOf, unbind } from "../sysfs/testing/board.ts";
import { installedIoctl } from "../testing/installed-ioctl.ts";
import { conformance, type WatchdogBench } from "./conformance.ts";
import { linuxWatchdog } from "./linux.ts";

const imx = ["30280000.watchdog", "20bc000.watchdog"];
const own = imx.map((name) => `/sys/bus/platform/devices/${name}`).find(existsSync);
const module = own === undefined ? "i6300esb" : "imx2_wdt";
const driver = "/sys/bus/pci/drivers/i6300ESB timer";
beforeAll(() => load(module));

const place = () => findIn(own === undefined ? "/sys/class/watchdog" : `${own}/watchdog`, /^watchdog\d+$/);

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
  async function unplug() {
    const plug = await unbind(driver, basename(await findIn(driver, /^[0-9a-f]{4}:/)));
    return async () => {
      await plug();
      await devices.show();
      await nodes.show();
    };
  }
  const state = () => textOf(join(places.attributesOf("watchdog-1"), "state"));
  return {
    create: () => linuxWatchdog(places, installedIoctl()),
    ...{ device: "watchdog-1", outlivesDriver: true },
    isRunning: async () => (await state()) === "active",
    occupy,
    // The kernel gives an i.MX's watchdog no `unbind`: its driver cannot be taken away.
    ...(own === undefined && { unplug }),
    async close() {
      const leave = await occupy();
      await leave();
      await devices.close();
      await nodes.close();
    },
  };
});
