/** The ADC driver server: measures for each client the one input that its grant names. Several may read the same. */
import { devicesDirectory } from "@bulkhead/protocol";
import { defineComponent } from "@bulkhead/sdk";
import { backendOf } from "../backend.ts";
import { createSharedTurns } from "../turns.ts";
import type { AdcDriver } from "./driver.ts";
import { adcInputInterface } from "./interface.ts";
import { linuxAdc } from "./linux.ts";
import { simulatedAdc } from "./simulated.ts";

/** An ADC driver over the back-end that `create` makes. */
export const adcDriver = (create: (config: unknown) => AdcDriver) =>
  defineComponent({
    provides: { input: adcInputInterface },
    start({ provides, config }) {
      const driver = create(config);
      const turns = createSharedTurns<string>();
      provides.input.serve(({ grant: { device, channel } }) => {
        const next = turns.ofClient(device);
        return { read: () => next(() => driver.read(device, channel)) };
      });
    },
  });

export const component = adcDriver((config) =>
  backendOf("adc", config) === "simulated" ? simulatedAdc(config) : linuxAdc(devicesDirectory),
);
