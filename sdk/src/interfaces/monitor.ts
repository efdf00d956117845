/** The state of the device, kept by the message server as the root server measured it. */
import { deviceReportSchema, deviceStatusSchema, inspectionSchema, systemSchema } from "@bulkhead/protocol";
import { z } from "zod";
import { defineInterface } from "../interface.ts";

export const monitorInterface = defineInterface({
  name: "monitor",
  operations: {
    status: { arguments: z.null(), result: deviceStatusSchema, idempotent: true },
    /** What was let through and refused on each inspected channel (`<client>.<name>`) since the message server started. */
    inspections: {
      arguments: z.null(),
      result: z.record(z.string(), inspectionSchema),
      idempotent: true,
    },
    /** All that the device knows of itself at this moment, with what the scheduler and the clock server say. */
    report: { arguments: z.null(), result: deviceReportSchema, idempotent: true },
    system: { arguments: z.null(), result: systemSchema, idempotent: true },
  },
  /** Sent after each change; the reader asks for what it wants to know. */
  notifications: { changed: z.strictObject({ generation: z.number().int() }) },
});
