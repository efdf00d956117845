/** Counts the calls that reach it. */
import { defineComponent } from "@bulkhead/sdk";
import { tally } from "../tally.ts";

export const component = defineComponent({
  provides: { tally },
  start({ provides }) {
    let count = 0;
    provides.tally.serve(() => ({ next: () => ++count }));
  },
});
