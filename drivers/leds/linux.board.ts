/** The LED driver on a LED of the board (leds-gpio), which the kernel's own timer blinks. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll } from "vitest";
import { findIn, firstOf, load, showDevices, textOf, unbind } from "../sysfs/testing/board.ts";
import { conformance } from "./conformance.ts";
import { linuxLeds } from "./linux.ts";

/** The node of the device tree that lists the LEDs of the board. */
const controller = firstOf("platform", ["leds", "gpio-leds"]);
const find = async () => ({ "led-status": await findIn(`/sys/bus/platform/devices/${controller}/leds`, /status/) });

beforeAll(async () => {
  await load("leds-gpio");
  await load("ledtrig-timer");
});

conformance("leds-gpio", async () => {
  const devices = await showDevices(find);
  const led = join(devices.directory, "led-status");
  const steps = Number(await textOf(join(led, "max_brightness")));
  await writeFile(join(led, "trigger"), "none");
  await writeFile(join(led, "brightness"), String(steps));
  return {
    create: () => linuxLeds(devices.directory),
    ...{ device: "led-status", steps, blinks: "kernel" },
    observe: async () => ({
      percent: (Number(await textOf(join(led, "brightness"))) * 100) / steps,
      trigger: /\[(.+)\]/.exec(await textOf(join(led, "trigger")))?.[1] ?? "",
    }),
    before: { percent: 100, trigger: "none" },
    async unplug() {
      const plug = await unbind("/sys/bus/platform/drivers/leds-gpio", controller);
      return async () => {
        await plug();
        await devices.show();
      };
    },
    close: devices.close,
  };
});
