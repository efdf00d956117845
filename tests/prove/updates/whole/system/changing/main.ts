/** Does what its release makes it do. */
import { defineComponent } from "@bulkhead/sdk";

export const component = defineComponent({
  start() {
    // behaviour
  },
});
