/** The clock server: the time of day with its quality, and time-outs that do not depend on it. */
import { clockInterface, defineComponent } from "@bulkhead/sdk";
import { readTime } from "./time.ts";
import { createTimers } from "./timers.ts";

export const component = defineComponent({
  provides: { time: clockInterface },
  start({ provides }) {
    provides.time.serve((client) => {
      const timers = createTimers((id) => client.notify("timeout", { id }));
      client.onGone(timers.cancelAll);
      return {
        now: readTime,
        after({ id, delayMs }) {
          timers.after(id, delayMs);
          return null;
        },
        cancel({ id }) {
          timers.cancel(id);
          return null;
        },
      };
    });
  },
});
