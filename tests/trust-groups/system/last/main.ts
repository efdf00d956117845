/** The end of the chain. */
import { defineComponent } from "@bulkhead/sdk";
import { ring } from "../ring.ts";

export const component = defineComponent({
  provides: { ring },
  uses: {},
  start({ provides }) {
    provides.ring.serve(() => ({ pass: (trail) => `${trail} last` }));
  },
});
