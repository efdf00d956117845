/** Keeps a watchdog of the board from resetting it, and says what it found and what time it has. */
import { watchdogInterface } from "@bulkhead/drivers/watchdog/interface";
import { defineComponent } from "@bulkhead/sdk";
import { z } from "zod";
import { startCycle } from "../../greenhouse/cycle.ts";

const configSchema = z.strictObject({
  timeoutSeconds: z.number().int().positive(),
  periodMs: z.number().int().min(10).default(2000),
});

export const component = defineComponent({
  uses: { timer: watchdogInterface },
  async start({ uses: { timer }, config, log, onStop }) {
    const { timeoutSeconds: asked, periodMs } = configSchema.parse(config);
    const { identity, lastReset } = await timer.read();
    const { timeoutSeconds } = await timer.start({ timeoutSeconds: asked });
    log.info(`${identity} resets this board after ${timeoutSeconds} s`, { lastReset });
    let fed = 0;
    onStop(
      startCycle(periodMs, async () => {
        await timer.pet();
        fed++;
        // Now and then: a line for each would say nothing more.
        if (Number.isInteger(Math.log2(fed))) log.info(`fed ${fed} times`);
      }),
    );
  },
});
