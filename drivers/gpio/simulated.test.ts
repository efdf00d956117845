import { fakeClient } from "@bulkhead/sdk/testing";
import { simulatedPinsInterface } from "../simulation/interface.ts";
import { conformance } from "./conformance.ts";
import type { PinLevel } from "./driver.ts";
import { simulatedGpio } from "./simulated.ts";

conformance("simulated", async () => {
  const levels = new Map<string, PinLevel>();
  const plant = fakeClient(simulatedPinsInterface, {
    drive({ pin, level }) {
      levels.set(pin, level);
      return null;
    },
    sense: ({ pin }) => ({ level: levels.get(pin) ?? 0 }),
  });
  const driver = simulatedGpio(plant.client);
  return {
    driver,
    pins: { inputs: ["P8_7", "P8_8"], output: "P8_9", elsewhere: "P9_12" },
    beyond: null,
    async drive(pin, level) {
      if (levels.get(pin) === level) return;
      levels.set(pin, level);
      plant.notify("changed", { pin, level });
    },
    sense: async (pin) => levels.get(pin) ?? 0,
    async occupy(pin) {
      const lines = await driver.claim([pin], { direction: "in" });
      return () => lines.release();
    },
    // The plant is the one controller, and what is asked of it waits for it.
    plug: null,
    close: async () => {},
  };
});
