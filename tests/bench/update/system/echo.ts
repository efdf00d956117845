/** What both providers answer. */
import { defineComponent, defineInterface } from "@bulkhead/sdk";
import { z } from "zod";

export const echo = defineInterface({
  name: "echo",
  // Not idempotent: each call that is not answered is seen.
  operations: { say: { arguments: z.number().int(), result: z.number().int(), idempotent: false } },
});

export const provider = defineComponent({
  provides: { echo },
  start({ provides }) {
    provides.echo.serve(() => ({ say: (number) => number }));
  },
});
