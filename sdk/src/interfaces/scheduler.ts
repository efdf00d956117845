/** What the kernel lets each component have of the processor and of memory, and what it took. */
import { resourcesSchema } from "@bulkhead/protocol";
import { z } from "zod";
import { defineInterface } from "../interface.ts";

export const schedulerInterface = defineInterface({
  name: "scheduler",
  operations: { report: { arguments: z.null(), result: resourcesSchema, idempotent: true } },
});
