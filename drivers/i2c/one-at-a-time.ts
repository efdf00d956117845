/** A bus carries one transfer at a time; clients of different devices on it take turns in the order they came. */
import type { I2cDriver } from "./driver.ts";

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
