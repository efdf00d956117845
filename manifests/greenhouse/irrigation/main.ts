/** Waters the soil: opens the valve when it is dry, closes it when it is moist. Lives and dies with the moisture sensor. */
import { gpioLineInterface } from "@bulkhead/drivers/gpio/interface";
import { defineComponent } from "@bulkhead/sdk";
import { z } from "zod";
import { startCycle } from "../cycle.ts";
import { moistureInterface } from "../interfaces.ts";

const configSchema = z
  .object({
    periodMs: z.number().int().min(10).default(1000),
    openPermille: z.number().int().min(0).max(1000).default(300),
    closePermille: z.number().int().min(0).max(1000).default(450),
  })
  .refine(
    ({ openPermille, closePermille }) => openPermille < closePermille,
    "openPermille must be below closePermille",
  );

/** Two-point control: open from here down, closed from there up, and in between as it was. */
export function decideValve(
  valve: 0 | 1,
  moisturePermille: number,
  limits: { openPermille: number; closePermille: number },
): 0 | 1 {
  if (moisturePermille <= limits.openPermille) return 1;
  if (moisturePermille >= limits.closePermille) return 0;
  return valve;
}

export const component = defineComponent({
  uses: { moisture: moistureInterface, valve: gpioLineInterface, flow: gpioLineInterface },
  async start({ uses, config, log, onStop }) {
    const { periodMs, ...limits } = configSchema.parse(config);
    let valve: 0 | 1 = 0;
    await uses.valve.write({ level: 0 });
    // What the valve was told is one thing, what the water does another.
    uses.flow.channel.on("edge", ({ level, sequence }) =>
      log.info(level ? "water flows" : "water stands", { edge: sequence }),
    );
    await uses.flow.watch({ edges: "both" });
    // A failed reading ends this component: without its sensor it must not water (a strong dependency in the manifest).
    const stopCycle = startCycle(periodMs, async () => {
      const { moisturePermille } = await uses.moisture.read();
      const next = decideValve(valve, moisturePermille, limits);
      if (next === valve) return;
      await uses.valve.write({ level: next });
      valve = next;
      log.info(`valve ${valve ? "open" : "closed"} at ${(moisturePermille / 10).toFixed(1)} % moisture`);
    });
    onStop(async () => {
      await stopCycle();
      await uses.valve.write({ level: 0 });
    });
  },
});
