/** The state of the device, kept by the message server as the root server measured it. */
import { deviceStatusSchema, systemSchema } from "@bulkhead/protocol";
import { z } from "zod";
import { defineInterface } from "../interface.ts";

const count = z.number().int().nonnegative();

export const monitorInterface = defineInterface({
  name: "monitor",
  operations: {
    status: { arguments: z.null(), result: deviceStatusSchema, idempotent: true },
    /** What was let through and refused on each inspected channel (`<client>.<name>`) since the message server started. */
    inspections: {
      arguments: z.null(),
      result: z.record(
        z.string(),
        z.strictObject({
          passed: count,
          notGranted: count,
          rateLimited: count,
          droppedNotifications: count,
          broken: count,
        }),
      ),
      idempotent: true,
    },
    system: { arguments: z.null(), result: systemSchema, idempotent: true },
  },
  /** Sent after each change; the reader asks for what it wants to know. */
  notifications: { changed: z.strictObject({ generation: z.number().int() }) },
});
