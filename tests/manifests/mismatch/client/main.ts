/** Uses the lamp as it will be: dimmed. */
import { defineComponent, defineInterface } from "@bulkhead/sdk";
import { z } from "zod";

const lamp = defineInterface({
  name: "lamp",
  operations: { set: { arguments: z.strictObject({ level: z.int() }), result: z.null(), idempotent: true } },
});

export const component = defineComponent({
  uses: { light: lamp },
  start: async ({ uses }) => {
    await uses.light.set({ level: 50 });
  },
});
