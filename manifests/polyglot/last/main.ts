/** The last station of the ring: what has come so far goes back the whole way. */
import { defineComponent } from "@bulkhead/sdk";
import { ringInterface } from "../interfaces.ts";

export const component = defineComponent({
  uses: {},
  provides: { ring: ringInterface },
  start({ provides, component: name }) {
    provides.ring.serve(() => ({ pass: ({ trail }) => ({ trail: `${trail} ${name}` }) }));
  },
});
