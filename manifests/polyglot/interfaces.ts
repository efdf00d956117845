/** What goes round the ring. */
import { defineInterface } from "@bulkhead/sdk";
import { z } from "zod";

export const ringInterface = defineInterface({
  name: "ring",
  operations: {
    /** Passes a token on. Each component adds its own name to the trail; who began a round answers with what came back. */
    pass: {
      arguments: z.strictObject({ round: z.number().int().min(1), trail: z.string().max(256) }),
      result: z.strictObject({ trail: z.string().max(256) }),
      idempotent: true,
    },
  },
});
