/** What the kernel lets each component have of processor and memory, and what it took: read by the scheduler server. */
import { z } from "zod";
import { nameSchema } from "./names.ts";

const amount = z.number().int().nonnegative();

export const componentResourcesSchema = z.strictObject({
  name: nameSchema,
  /** Declared in the manifest; `cpu` in words. */
  declared: z.strictObject({
    ...{ memoryBytes: amount, cpu: z.string().max(100), processes: amount },
    /** Of each of its processes. Null from a runtime that did not say it yet. */
    openFiles: amount.nullable().default(null),
  }),
  /** Enforced by the kernel, as read back from it; null where it enforces nothing. */
  enforced: z.strictObject({
    memoryBytes: amount.nullable(),
    cpuWeight: amount.nullable(),
    cpuQuotaPercent: amount.nullable(),
    processes: amount.nullable(),
  }),
  /**
   * Null where nothing is counted. `cpuUs` counts from the start of the component, `processes` counts threads, `openFiles` are those of
   * the process that has most.
   */
  used: z.strictObject({
    ...{ memoryBytes: amount.nullable(), cpuUs: amount.nullable(), processes: amount.nullable() },
    openFiles: amount.nullable().default(null),
  }),
});
export type ComponentResources = z.infer<typeof componentResourcesSchema>;

export const resourcesSchema = z.strictObject({
  /** Which control groups the kernel offers; `none` says that limits are not enforced. */
  cgroup: z.enum(["v2", "v1", "none"]),
  components: z.array(componentResourcesSchema).max(1024),
});
export type Resources = z.infer<typeof resourcesSchema>;
