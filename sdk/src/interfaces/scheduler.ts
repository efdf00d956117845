/** What each component may take and takes, and what it recorded of what it did. */
import {
  componentTraceSchema,
  maxTraceSegments,
  nameSchema,
  resourcesSchema,
  traceNewsSchema,
  tracePositionSchema,
  usageSchema,
} from "@bulkhead/protocol";
import { z } from "zod";
import { defineInterface } from "../interface.ts";

export const schedulerInterface = defineInterface({
  name: "scheduler",
  operations: {
    /** Processor and memory. */
    report: { arguments: z.null(), result: resourcesSchema, idempotent: true },
    /** Storage, trace rings and what the components count. */
    usage: { arguments: z.null(), result: z.array(usageSchema).max(1024), idempotent: true },
    trace: {
      arguments: z.strictObject({ component: nameSchema }),
      result: componentTraceSchema,
      idempotent: true,
    },
    /** What was recorded after these positions, by component; of one without a position all. As much as an answer carries. */
    traceNews: {
      arguments: z.strictObject({ after: z.record(nameSchema, tracePositionSchema) }),
      result: z.array(traceNewsSchema).max(maxTraceSegments),
      idempotent: true,
    },
  },
});
