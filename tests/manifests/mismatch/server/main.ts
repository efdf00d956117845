/** Provides the lamp as it was: on or off. */
import { defineComponent, defineInterface } from "@bulkhead/sdk";
import { z } from "zod";

const lamp = defineInterface({
  name: "lamp",
  operations: { set: { arguments: z.strictObject({ on: z.boolean() }), result: z.null(), idempotent: true } },
});

export const component = defineComponent({
  provides: { lamp },
  start: ({ provides }) => provides.lamp.serve(() => ({ set: () => null })),
});
