/** Drives one pin and hears the other end of the wire: says how many of its edges came back. */
import { gpioLineInterface } from "@bulkhead/drivers/gpio/interface";
import { defineComponent } from "@bulkhead/sdk";
import { z } from "zod";
import { startCycle } from "../../greenhouse/cycle.ts";

const configSchema = z.strictObject({
  edges: z.number().int().min(2).max(10_000).default(100),
  periodMs: z.number().int().min(10).default(2000),
  /** An edge that has not come back by then is lost. */
  boundMs: z.number().int().min(1).default(1000),
});

export const component = defineComponent({
  uses: { from: gpioLineInterface, to: gpioLineInterface },
  async start({ uses, config, log, onStop }) {
    const { edges, periodMs, boundMs } = configSchema.parse(config);
    let hear: (level: 0 | 1) => void = () => {};
    uses.to.channel.on("edge", ({ level }) => hear(level));
    await uses.from.write({ level: 0 });
    await uses.to.watch({ edges: "both" });
    onStop(
      startCycle(periodMs, async () => {
        let back = 0;
        for (let edge = 1; edge <= edges; edge++) {
          const level = (edge % 2) as 0 | 1;
          const heard = new Promise<boolean>((resolve) => {
            const timer = setTimeout(() => resolve(false), boundMs);
            hear = (seen) => {
              if (seen !== level) return;
              clearTimeout(timer);
              resolve(true);
            };
          });
          await uses.from.write({ level });
          if (await heard) back++;
        }
        log.info(`${back} of ${edges} edges came back`);
      }),
    );
  },
});
