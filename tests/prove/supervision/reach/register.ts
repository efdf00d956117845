/** A channel of which the manifest allows one operation of two. */
import { defineInterface } from "@bulkhead/sdk";
import { z } from "zod";

export const register = defineInterface({
  name: "register",
  operations: {
    read: { arguments: z.null(), result: z.number().int(), idempotent: true },
    reset: { arguments: z.null(), result: z.null(), idempotent: true },
  },
});
