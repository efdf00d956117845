/**
 * The scheduler server: says what bound each component has on processor and memory. The kernel enforces the bounds and
 * the root server sets them at the start; this server has no right to change one.
 */
import { BulkheadError } from "@bulkhead/protocol";
import { defineComponent, schedulerInterface } from "@bulkhead/sdk";
import { z } from "zod";
import { schedulerConfigSchema } from "./declared.ts";
import { reportLimits } from "./report.ts";

/** Where the root server mounts the control groups of this instance, read-only. */
const cgroupDirectory = "/cgroup";

export const component = defineComponent({
  provides: { report: schedulerInterface },
  start({ provides, config }) {
    const parsed = schedulerConfigSchema.safeParse(config);
    if (!parsed.success) {
      throw new BulkheadError("ENVIRONMENT_INVALID", `configuration: ${z.prettifyError(parsed.error)}`);
    }
    provides.report.serve(() => ({ report: () => reportLimits(cgroupDirectory, parsed.data.components) }));
  },
});
