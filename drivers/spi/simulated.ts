/** The back-end of board `virtual`: every device is a loop, in which what goes out comes in. Tests put other devices in its place. */
import { BulkheadError } from "@bulkhead/protocol";
import type { Bytes, SpiDriver } from "./driver.ts";

/** What comes in while `write` goes out. */
export type SimulatedDevice = (write: Bytes) => Bytes;

const loop: SimulatedDevice = (write) => Uint8Array.from(write);

/** `devices`: those that are there now, by name; undefined: every name is a loop. */
export function simulatedSpi(devices?: ReadonlyMap<string, SimulatedDevice>): SpiDriver {
  const find = (device: string): SimulatedDevice => {
    const found = devices === undefined ? loop : devices.get(device);
    if (found !== undefined) return found;
    throw new BulkheadError("DEVICE_ABSENT", `${device} is not there, or was taken away`);
  };
  return {
    async open(device) {
      find(device);
      return { transfer: async (write) => find(device)(write), close: async () => {} };
    },
  };
}
