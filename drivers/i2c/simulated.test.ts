import { fakeClient } from "@bulkhead/sdk/testing";
import { simulatedBusInterface } from "../simulation/interface.ts";
import { conformance } from "./conformance.ts";
import { simulatedI2c } from "./simulated.ts";
import { eeprom, modelBus } from "./testing/models.ts";

conformance("a simulated plant", () => {
  const bus = modelBus({ 87: eeprom(new Uint8Array(256), 8, 1) });
  const plant = fakeClient(simulatedBusInterface, {
    transfer: async ({ bus: number, address, write, readLength }) => ({
      read: await bus.transfer(number, address, Uint8Array.from(write), readLength),
    }),
  });
  return { driver: simulatedI2c(plant.client), bus: 2, memory: 0x57, empty: 0x50, absentBus: 7 };
});
