/** Asks the counter, again and again. */
import { defineComponent } from "@bulkhead/sdk";
import { sum } from "../sum.ts";

export const component = defineComponent({
  uses: { sum },
  start({ uses, log }) {
    const ask = () =>
      uses.sum
        .add(7, { deadlineMs: 300 })
        .then(
          (total) => log.info(`got ${total}`),
          (error: { code?: string }) => log.info(`got ${error.code}`),
        )
        .finally(() => setTimeout(ask, 50));
    void ask();
  },
});
