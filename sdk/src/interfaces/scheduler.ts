/** What the kernel lets each component have of the processor and of memory, and what it took. */
import { z } from "zod";
import { defineInterface } from "../interface.ts";

export const schedulerInterface = defineInterface({
  name: "scheduler",
  operations: {
    report: {
      arguments: z.null(),
      result: z.strictObject({
        /** Which control groups the kernel offers; `none` says that limits are not enforced. */
        cgroup: z.enum(["v2", "v1", "none"]),
        components: z.array(
          z.strictObject({
            name: z.string(),
            /** Declared in the manifest. */
            declared: z.strictObject({ memoryBytes: z.number().int(), cpu: z.string(), processes: z.number().int() }),
            /** Enforced by the kernel, as read back from it; null where it enforces nothing. */
            enforced: z.strictObject({
              memoryBytes: z.number().int().nullable(),
              cpuWeight: z.number().int().nullable(),
              cpuQuotaPercent: z.number().int().nullable(),
              processes: z.number().int().nullable(),
            }),
            used: z.strictObject({ memoryBytes: z.number().int().nullable(), cpuUs: z.number().int().nullable() }),
          }),
        ),
      }),
      idempotent: true,
    },
  },
});
