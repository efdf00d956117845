/**
 * One real-time clock of a component's own, in UTC. The clock of the system is another thing: the root server sets that
 * one, and the clock server tells it.
 */
import { rtcGrant } from "@bulkhead/protocol";
import { defineInterface } from "@bulkhead/sdk";
import { z } from "zod";

/** The end of 2099, after which common chips begin their century anew. */
export const latestMs = 4_102_444_799_000;
/** Milliseconds since 1970, of whole seconds. */
const timeMs = z.number().int().min(0).max(latestMs).multipleOf(1000);

export const rtcInterface = defineInterface({
  name: "rtc",
  grant: rtcGrant,
  operations: {
    /** RTC_UNSET where the clock says that it has no time. */
    read: { arguments: z.null(), result: z.strictObject({ timeMs }), idempotent: true },
    /** Needs `access: read-write`. RTC_NOT_SETTABLE where the kernel does not let the driver, as in every sandbox. */
    set: { arguments: z.strictObject({ timeMs }), result: z.null(), idempotent: true },
  },
  refuse: (grant, operation) =>
    operation === "set" && grant.access === "read" ? "the channel grants reading only" : undefined,
});
