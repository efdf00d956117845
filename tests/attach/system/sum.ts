/** What the counter does. */
import { defineInterface } from "@bulkhead/sdk";
import { z } from "zod";

export const sum = defineInterface({
  name: "sum",
  operations: { add: { arguments: z.number(), result: z.number(), idempotent: false } },
});
