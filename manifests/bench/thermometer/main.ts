/** Says the temperature of a TMP102 or TMP105 whenever it is another one. */
import { i2cDeviceInterface } from "@bulkhead/drivers/i2c/interface";
import { defineComponent } from "@bulkhead/sdk";
import { z } from "zod";
import { startCycle } from "../../greenhouse/cycle.ts";

const configSchema = z.strictObject({ periodMs: z.number().int().min(10).default(250) });

/** Two's complement, 1/256 °C each. Source: Texas Instruments SBOS397, "Temperature Register". */
export const temperatureOf = ([high = 0, low = 0]: Uint8Array): number => ((high << 24) >> 24) + low / 256;

export const component = defineComponent({
  uses: { chip: i2cDeviceInterface },
  start({ uses, config, log, onStop }) {
    const { periodMs } = configSchema.parse(config);
    let last: string | undefined;
    onStop(
      startCycle(periodMs, async () => {
        const { data } = await uses.chip.readRegister({ register: 0, length: 2 });
        const said = `${temperatureOf(data).toFixed(1)} °C`;
        if (said !== last) log.info(said);
        last = said;
      }),
    );
  },
});
