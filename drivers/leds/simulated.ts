/** The back-end of board `virtual`: LEDs that nobody sees, each with as many steps of brightness as hardware has. */
import { createBlinker } from "./blinker.ts";
import type { LedDriver } from "./driver.ts";

/** `brightness`: of each LED, in percent; it outlives the driver, as hardware does. */
export function simulatedLeds(brightness: Map<string, number> = new Map()): LedDriver {
  return {
    async take(device) {
      const before = brightness.get(device) ?? 0;
      brightness.set(device, 0);
      const blinker = createBlinker(async (isOn) => void brightness.set(device, isOn ? 100 : 0));
      const put = async (percent: number) => {
        await blinker.stop();
        brightness.set(device, percent);
      };
      return {
        set: put,
        async blink(onMs, offMs) {
          await blinker.stop();
          blinker.start(onMs, offMs);
        },
        read: async () => ({
          percent: brightness.get(device) ?? 0,
          blinks: blinker.isRunning ? "driver" : "no",
        }),
        restore: () => put(before),
      };
    },
  };
}
