/** What the innocent provider does, and what it keeps for those that the manifest allows it. */
import { defineInterface } from "@bulkhead/sdk";
import { z } from "zod";

export const echo = defineInterface({
  name: "echo",
  operations: {
    say: { arguments: z.string().max(100), result: z.string(), idempotent: true },
    /** Nobody hostile may. */
    erase: { arguments: z.null(), result: z.null(), idempotent: false },
  },
  grant: z.strictObject({ words: z.array(z.string()).nullable() }),
  refuse: ({ words }, operation, args) =>
    operation === "say" && words && !words.includes(args as string) ? "this word is not granted" : undefined,
});
