/** Time of day with its quality, and time-outs that do not depend on it. */
import { clockStateSchema, timeMsSchema } from "@bulkhead/protocol";
import { z } from "zod";
import { defineInterface } from "../interface.ts";

export const clockInterface = defineInterface({
  name: "clock",
  operations: {
    now: {
      arguments: z.null(),
      /** `quality`: where the time of day comes from. Neither it nor `monotonicUs`, which starts anywhere, goes back. */
      result: z.strictObject({
        ...clockStateSchema.shape,
        monotonicUs: z.number().int(),
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

/** For who brings the time from outside. Nobody's word is a signature: it moves this clock within bounds, and nothing else. */
export const clockSettingInterface = defineInterface({
  name: "clock-setting",
  operations: {
    /** Answers the time as it stands then, whether or not the offer was taken. */
    offer: {
      arguments: z.strictObject({
        source: z.enum(["kms", "ntp"]),
        timeMs: timeMsSchema,
        errorMs: z.number().int().nonnegative(),
      }),
      result: clockStateSchema,
      idempotent: false,
    },
  },
});
