/** The I2C driver server: gives each client the one device that its grant names. */
import { defineComponent } from "@bulkhead/sdk";
import { requireSimulated } from "../backend.ts";
import { simulatedBusInterface } from "../simulation/interface.ts";
import type { I2cDriver } from "./driver.ts";
import { i2cDeviceInterface } from "./interface.ts";
import { simulatedI2c } from "./simulated.ts";

export const component = defineComponent({
  uses: { plant: simulatedBusInterface },
  provides: { device: i2cDeviceInterface },
  start({ uses, provides, config }) {
    requireSimulated("i2c", config);
    const driver = oneAtATime(simulatedI2c(uses.plant));
    provides.device.serve(({ grant: { bus, address } }) => ({
      readRegister: async ({ register, length }) => ({
        data: await driver.transfer(bus, address, Uint8Array.of(register), length),
      }),
      writeRegister: async ({ register, data }) => {
        await driver.transfer(bus, address, Uint8Array.of(register, ...data), 0);
        return null;
      },
    }));
  },
});

/** A bus carries one transfer at a time; clients of different devices on it take turns in the order they came. */
export function oneAtATime(driver: I2cDriver): I2cDriver {
  const last = new Map<number, Promise<unknown>>();
  return {
    transfer(bus, ...rest) {
      const next = (last.get(bus) ?? Promise.resolve()).then(() => driver.transfer(bus, ...rest));
      last.set(
        bus,
        next.catch(() => {}),
      );
      return next;
    },
  };
}
