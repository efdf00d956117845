/**
 * The scheduler server: says what bound each component has on processor and memory and what it takes, of storage too, and
 * shows the traces. The kernel enforces the bounds and the root server sets them; this server has no right to change one.
 */
import { BulkheadError, describeMisfit } from "@bulkhead/protocol";
import { defineComponent, schedulerInterface } from "@bulkhead/sdk";
import { readTrace, readTraceNews } from "../trace/index.ts";
import { schedulerConfigSchema } from "./declared.ts";
import { createFileQuestions } from "./open-files.ts";
import { reportLimits } from "./report.ts";
import { readUsage, type UsageRoots } from "./usage.ts";

/** Where the root server mounts the control groups of this instance, read-only. */
const cgroupDirectory = "/cgroup";
/** Where it mounts the storage of the components, of which only the size can be seen, and their trace rings. */
const roots: UsageRoots = { storage: "/storage", trace: "/trace" };

export const component = defineComponent({
  provides: { report: schedulerInterface },
  start({ provides, config, root }) {
    const parsed = schedulerConfigSchema.safeParse(config);
    if (!parsed.success) {
      throw new BulkheadError("ENVIRONMENT_INVALID", `configuration: ${describeMisfit(parsed.error)}`);
    }
    const { components, usage } = parsed.data;
    const rings = Object.fromEntries(Object.entries(usage).map(([name, { ringBytes }]) => [name, ringBytes]));
    const countFiles = createFileQuestions(root);
    provides.report.serve(() => ({
      report: async () => reportLimits(cgroupDirectory, components, await countFiles()),
      usage: () => readUsage(roots, usage),
      trace: ({ component }) => readTrace(roots.trace, component, usage[component]?.ringBytes ?? 0),
      traceNews: ({ after }) => readTraceNews(roots.trace, rings, after),
    }));
  },
});
