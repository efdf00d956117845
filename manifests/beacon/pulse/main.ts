/** Says in the log that the board lives, once a minute. */
import { defineComponent } from "@bulkhead/sdk";
import { z } from "zod";

const configSchema = z.strictObject({ periodMs: z.int().positive() });

export const component = defineComponent({
  uses: {},
  provides: {},
  start({ config, log, onStop }) {
    const { periodMs } = configSchema.parse(config);
    let count = 0;
    const timer = setInterval(() => log.info(`pulse ${++count}`), periodMs);
    onStop(() => clearInterval(timer));
  },
});
