/** What goes round the ring. */
import { defineInterface, leaseHandle } from "@bulkhead/sdk";
import { z } from "zod";

/** `fill` makes it as large as is asked for. */
const item = z.strictObject({ index: z.number().int().min(0), fill: z.string().max(100_000) });

export const ringInterface = defineInterface({
  name: "ring",
  operations: {
    /** Passes a token on. Each component adds its own name to the trail; who began a round answers with what came back. */
    pass: {
      arguments: z.strictObject({ round: z.number().int().min(1), trail: z.string().max(256) }),
      result: z.strictObject({ trail: z.string().max(256) }),
      idempotent: true,
    },
    /**
     * The same in shared memory: each component adds its name to the text in the piece, which a zero byte ends, and has
     * the next one do so where it shares memory with it.
     */
    stamp: { arguments: leaseHandle, result: z.null(), idempotent: false },
  },
  streams: {
    /** Items from the end of the ring, in order; each component hands on what it reads when the one before has room for it. */
    down: {
      arguments: z.strictObject({ count: z.number().int().min(0), sizeBytes: z.number().int().min(0).max(100_000) }),
      item,
      direction: "from-provider",
    },
    /** Items to the end of the ring. It is completed when the last one has read all. */
    up: { arguments: z.null(), item, direction: "from-client" },
  },
});
