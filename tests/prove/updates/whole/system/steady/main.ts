/** Does nothing. */
import { defineComponent } from "@bulkhead/sdk";

export const component = defineComponent({ start: () => undefined });
