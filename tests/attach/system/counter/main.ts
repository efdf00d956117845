/** Adds up what it is given; who inspects it stops it in the middle of that. */
import { randomInt } from "node:crypto";
import { defineComponent } from "@bulkhead/sdk";
import { sum } from "../sum.ts";

export const component = defineComponent({
  provides: { sum },
  start({ provides, log }) {
    let total = randomInt(1000);
    provides.sum.serve(() => ({
      add(by) {
        total += by;
        log.info(`${total} at ${Date.now()}`);
        return total;
      },
    }));
  },
});
