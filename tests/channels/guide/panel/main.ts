/** The client. */
import { BulkheadError } from "@bulkhead/protocol";
import { defineComponent } from "@bulkhead/sdk";
import { gauge } from "../gauge.ts";

export const component = defineComponent({
  uses: { gauge },
  async start({ uses, log }) {
    uses.gauge.channel.on("calibrated", ({ milliC }) => log.info("calibrated", { milliC }));
    await uses.gauge.calibrate({ milliC: 20_000 }, { deadlineMs: 5_000 });
    let sum = 0;
    for await (const { milliC } of uses.gauge.readings({ count: 3 })) sum += milliC;
    log.info("read", { sum });
    try {
      const picture = await uses.gauge.channel.lease.use(64 * 1024, async (piece) => {
        await uses.gauge.picture(piece.handle);
        return piece.read();
      });
      log.info("picture", { sizeBytes: picture.length });
    } catch (error) {
      log.warn("no picture", { code: error instanceof BulkheadError ? error.code : "unknown" });
    }
  },
});
