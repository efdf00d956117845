/** The back-end of board `virtual`: every device is a loop, in which what goes out comes in. */
import type { SpiDriver } from "./driver.ts";

export function simulatedSpi(): SpiDriver {
  return {
    async open() {
      return { transfer: async (write) => Uint8Array.from(write), close: async () => {} };
    },
  };
}
