/** What the components of the proof say to each other. */
import { defineInterface } from "@bulkhead/sdk";
import { z } from "zod";

export const workInterface = defineInterface({
  name: "work",
  operations: {
    /** `echo` and `next` answer with the text; the others never answer in order. */
    ask: {
      arguments: z.strictObject({ what: z.string().max(16), text: z.string().max(200_000) }),
      result: z.strictObject({ text: z.string().max(200_000) }),
      idempotent: false,
    },
  },
});
