import { conformance } from "./conformance.ts";
import { type SimulatedDevice, simulatedSpi } from "./simulated.ts";
import { loop, sst25vf016b } from "./testing/chips.ts";
import { flashMemory } from "./testing/models.ts";

conformance("board virtual", async () => ({
  create: () => simulatedSpi(),
  ...{ device: "spi-0.0", chip: loop, modes: [0, 3] },
  close: async () => {},
}));

conformance("a model of a memory", async () => {
  const memory = flashMemory();
  const devices = new Map<string, SimulatedDevice>([["spi-0.0", memory]]);
  return {
    create: () => simulatedSpi(devices),
    ...{ device: "spi-0.0", chip: sst25vf016b, modes: [0, 3], absent: "spi-7.3" },
    async unplug() {
      devices.delete("spi-0.0");
      return async () => void devices.set("spi-0.0", memory);
    },
    close: async () => {},
  };
});
