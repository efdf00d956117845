/** What crosses the channel, written once. */
import { defineInterface, leaseHandle } from "@bulkhead/sdk";
import { z } from "zod";

export const gauge = defineInterface({
  name: "gauge",
  grant: z.strictObject({ mayCalibrate: z.boolean() }),
  operations: {
    read: { arguments: z.null(), result: z.strictObject({ milliC: z.number().int() }), idempotent: true },
    calibrate: { arguments: z.strictObject({ milliC: z.number().int() }), result: z.null(), idempotent: false },
    picture: { arguments: leaseHandle, result: z.null(), idempotent: true },
  },
  streams: {
    readings: {
      arguments: z.strictObject({ count: z.number().int().positive() }),
      item: z.strictObject({ milliC: z.number().int() }),
      direction: "from-provider",
    },
  },
  notifications: { calibrated: z.strictObject({ milliC: z.number().int() }) },
  refuse: (grant, operation) =>
    operation === "calibrate" && !grant.mayCalibrate ? "calibrating is not granted" : undefined,
});
