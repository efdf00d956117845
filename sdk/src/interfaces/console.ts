/** The console: what every component wrote, kept in a ring by the serial server. */
import { crashRecordSchema, logLineSchema, maxReportedCrashes } from "@bulkhead/protocol";
import { z } from "zod";
import { defineInterface } from "../interface.ts";

export const consoleInterface = defineInterface({
  name: "console",
  operations: {
    /** Lines after `sequence` (or the oldest kept), at most `limit`; `dropped` were thrown away before the first of them. */
    read: {
      arguments: z.strictObject({ after: z.number().int().min(-1), limit: z.number().int().min(1).max(500) }),
      result: z.strictObject({ lines: z.array(logLineSchema), dropped: z.number().int().nonnegative() }),
      idempotent: true,
    },
    /** The newest crash records of the device, newest first. */
    crashes: {
      arguments: z.strictObject({ limit: z.number().int().min(1).max(maxReportedCrashes) }),
      result: z.array(crashRecordSchema),
      idempotent: true,
    },
  },
  /** There are lines after this sequence number. At most ten a second. */
  notifications: { written: z.strictObject({ sequence: z.number().int().nonnegative() }) },
});
