/** Counts what reaches it; `reset` must never. */
import { defineComponent } from "@bulkhead/sdk";
import { register } from "../register.ts";

export const component = defineComponent({
  provides: { register },
  start({ provides, log }) {
    let count = 0;
    provides.register.serve(() => ({
      read: () => ++count,
      reset() {
        log.error("was reset");
        return null;
      },
    }));
  },
});
