/** The provider: one object of handlers per client. */
import { defineComponent } from "@bulkhead/sdk";
import { gauge } from "../gauge.ts";

export const component = defineComponent({
  provides: { gauge },
  start({ provides }) {
    let milliC = 21_500;
    provides.gauge.serve((client) => ({
      read: () => ({ milliC }),
      calibrate(to) {
        milliC = to.milliC;
        client.notify("calibrated", to);
        return null;
      },
      picture(piece) {
        client.lease.write(piece, new Uint8Array(piece.sizeBytes).fill(255));
        return null;
      },
      async *readings({ count }) {
        for (let i = 0; i < count; i++) yield { milliC: milliC + i };
      },
    }));
  },
});
