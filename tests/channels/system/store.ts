/** One service, reached by every kind of channel. */
import { defineInterface, leaseHandle } from "@bulkhead/sdk";
import { z } from "zod";

export const store = defineInterface({
  name: "store",
  operations: {
    read: { arguments: z.null(), result: z.number(), idempotent: false },
    write: { arguments: z.number(), result: z.null(), idempotent: false },
    /** Adds up the bytes of a piece of the lease, and writes them there in the other order. */
    turn: { arguments: leaseHandle, result: z.number(), idempotent: false },
    /** Tries what a provider might try with a lease: to make the file larger, and to cut it off. */
    spoil: { arguments: z.null(), result: z.string(), idempotent: false },
  },
  streams: {
    count: { arguments: z.number(), item: z.number(), direction: "from-provider" },
  },
});
