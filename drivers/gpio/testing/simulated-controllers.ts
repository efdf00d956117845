/** A bench for the conformance suite on the kernel's GPIO simulation: two controllers, and a second driver as the other program. */

import { chardevGpio } from "../chardev/index.ts";
import { asInput, type GpioBench } from "../conformance.ts";
import type { GpioDriver } from "../driver.ts";
import type { PinPlaces } from "../pins.ts";
import { sysfsGpio } from "../sysfs.ts";
import { loadKernel } from "./add-ons.ts";
import { makeController } from "./gpio-sim.ts";

export const pins: PinPlaces = {
  P1: { bank: 0, line: 1 },
  P2: { bank: 0, line: 2 },
  P3: { bank: 0, line: 3 },
  P9: { bank: 1, line: 0 },
  BEYOND: { bank: 0, line: 8 },
};

const kernel = loadKernel();
let made = 0;

export function openControllers() {
  made += 1;
  // Another name each time: what hangs on the last one must not be found by this one.
  const controllers = [makeController(`bank-${made}-0`, 8), makeController(`bank-${made}-1`, 4)] as const;
  const controllerOf = (bank: number) => controllers[bank === 0 ? 0 : 1];
  const place = (pin: string) => pins[pin] ?? { bank: 0, line: 0 };
  const chardev = () => chardevGpio({ ...kernel, pins, nodeOf: (bank) => `/dev/${controllerOf(bank).chip}` });
  const { createPoller } = kernel;
  const sysfs = () => sysfsGpio({ pins, createPoller, directoryOf: (bank) => controllerOf(bank).directory() });
  return {
    controllers,
    chardev,
    sysfs,
    drive: (pin: string, level: 0 | 1) => controllerOf(place(pin).bank).drive(place(pin).line, level),
    sense: (pin: string) => controllerOf(place(pin).bank).sense(place(pin).line),
    close() {
      for (const controller of controllers) controller.remove();
    },
  };
}

export async function openBench(backend: "chardev" | "sysfs"): Promise<GpioBench> {
  const world = openControllers();
  const driver: GpioDriver = world[backend]();
  const other = world.chardev();
  return {
    driver,
    pins: { inputs: ["P1", "P2"], output: "P3", elsewhere: "P9" },
    beyond: "BEYOND",
    drive: async (pin, level) => world.drive(pin, level),
    sense: async (pin) => world.sense(pin),
    async occupy(pin) {
      const lines = await other.claim([pin], asInput);
      return () => lines.release();
    },
    plug: { out: async () => world.controllers[0].unplug(), in: async () => world.controllers[0].plug() },
    close: async () => world.close(),
  };
}
