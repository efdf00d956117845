/** The back-end of board `virtual`: transfers go to the simulated plant. */
import { BulkheadError } from "@bulkhead/protocol";
import type { Client } from "@bulkhead/sdk";
import type { simulatedBusInterface } from "../simulation/interface.ts";
import { type I2cDriver, nameOf } from "./driver.ts";

export function simulatedI2c(plant: Client<typeof simulatedBusInterface>): I2cDriver {
  return {
    async transfer(bus, address, write, readLength) {
      const { read } = await plant.transfer({ bus, address, write, readLength });
      if (read.length === readLength) return read;
      throw new BulkheadError("DEVICE_FAILED", `${nameOf(bus, address)}: ${read.length} bytes, not ${readLength}`);
    },
  };
}
