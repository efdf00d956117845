/** Answers the guest. */
import { defineComponent } from "@bulkhead/sdk";
import { workInterface } from "../interfaces.ts";

export const component = defineComponent({
  uses: {},
  provides: { work: workInterface },
  start({ provides, incarnation }) {
    provides.work.serve(() => ({ ask: ({ text }) => ({ text: `${text} by last ${incarnation}` }) }));
  },
});
