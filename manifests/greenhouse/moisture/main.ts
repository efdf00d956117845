/**
 * The moisture sensor of the example: works, and then crashes on purpose. Supervision that is never needed is never
 * seen to work; here it is always at work (after hubris, task/ping).
 */
import { i2cDeviceInterface } from "@bulkhead/drivers/i2c/interface";
import { defineComponent } from "@bulkhead/sdk";
import { z } from "zod";
import { moistureInterface } from "../interfaces.ts";

/** `readingsPerCrash`: the reading after so many ends the component. */
const configSchema = z.object({ readingsPerCrash: z.number().int().min(1).default(40) });

export const component = defineComponent({
  uses: { soil: i2cDeviceInterface },
  provides: { reading: moistureInterface },
  start({ uses, provides, config }) {
    const { readingsPerCrash } = configSchema.parse(config);
    let readings = 0;
    provides.reading.serve(() => ({
      async read() {
        if (readings++ >= readingsPerCrash) crash();
        const { data } = await uses.soil.readRegister({ register: 0, length: 2 });
        const [high = 0, low = 0] = data;
        return { moisturePermille: Math.min(1000, high * 256 + low) };
      },
    }));
  },
});

/** Fails outside of any call, as a real defect would: thrown inside, the stub would answer with it and live on. */
function crash(): void {
  setImmediate(() => {
    throw new Error("flaky sensor gave up (on purpose)");
  });
}
