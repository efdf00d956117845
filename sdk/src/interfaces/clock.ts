/** Time of day with its quality, and time-outs that do not depend on it. */
import { z } from "zod";
import { defineInterface } from "../interface.ts";

export const clockInterface = defineInterface({
  name: "clock",
  operations: {
    now: {
      arguments: z.null(),
      /** `quality`: where the time of day comes from. `monotonicUs` never goes back and starts anywhere. */
      result: z.strictObject({
        timeMs: z.number().int(),
        monotonicUs: z.number().int(),
        quality: z.enum(["unset", "host", "rtc", "synchronised"]),
      }),
      idempotent: true,
    },
    /** Asks for one `timeout` notification with this id after `delayMs`. */
    after: {
      arguments: z.strictObject({
        id: z.number().int().nonnegative(),
        delayMs: z.number().int().min(0).max(86_400_000),
      }),
      result: z.null(),
      idempotent: true,
    },
    cancel: { arguments: z.strictObject({ id: z.number().int().nonnegative() }), result: z.null(), idempotent: true },
  },
  notifications: { timeout: z.strictObject({ id: z.number().int().nonnegative() }) },
});
