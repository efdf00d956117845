/** What is measured: a small typed call, a large one, one that works on shared memory, and a stream. */
import { defineInterface, leaseHandle } from "@bulkhead/sdk";
import { z } from "zod";

/** 64 bytes in a request: two for the shape, five for kind, number and operation, the rest here. */
const reading = z.strictObject({ sequence: z.number().int(), label: z.string().max(64), value: z.number() });

export const echo = defineInterface({
  name: "echo",
  operations: {
    small: { arguments: reading, result: reading, idempotent: true },
    large: { arguments: z.instanceof(Uint8Array), result: z.null(), idempotent: true },
    shared: { arguments: leaseHandle, result: z.null(), idempotent: true },
  },
  streams: { readings: { arguments: z.number().int(), item: reading, direction: "from-provider" } },
});
