/** How a piece of a channel's shared memory is named in arguments and results. */
import { z } from "zod";

/** Put this into the arguments of an operation that works on a piece of the lease. */
export const leaseHandle = z.strictObject({
  offset: z.number().int().nonnegative(),
  sizeBytes: z.number().int().positive(),
});
export type LeaseHandle = z.infer<typeof leaseHandle>;
