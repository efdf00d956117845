/** Begins a round of the ring and says what came back: the names of all that the token went through. */
import { defineComponent } from "@bulkhead/sdk";
import { z } from "zod";
import { ringInterface } from "../interfaces.ts";

const configSchema = z.strictObject({ periodMs: z.int().positive() });

export const component = defineComponent({
  uses: { next: ringInterface },
  provides: {},
  start({ uses, config, log, onStop }) {
    const { periodMs } = configSchema.parse(config);
    let round = 0;
    let timer: NodeJS.Timeout;
    const pass = async () => {
      try {
        const { trail } = await uses.next.pass({ round: ++round, trail: "first" });
        log.info(`round ${round}: ${trail}`);
      } catch (error) {
        log.warn(`round ${round} was lost: ${(error as Error).message}`);
      }
      timer = setTimeout(() => void pass(), periodMs);
    };
    timer = setTimeout(() => void pass(), 0);
    onStop(() => clearTimeout(timer));
  },
});
