/** A channel between two components, to see that it does not notice what happens to servers. */
import { defineInterface } from "@bulkhead/sdk";
import { z } from "zod";

export const tally = defineInterface({
  name: "tally",
  operations: { next: { arguments: z.null(), result: z.number().int(), idempotent: false } },
});
