/** Says when it came how far, as milliseconds of the host's clock, and does nothing more. */
import { defineComponent } from "@bulkhead/sdk";

const { timeOrigin, nodeTiming } = performance;
const bundledMs = timeOrigin + performance.now();

export const component = defineComponent({
  uses: {},
  provides: {},
  start() {
    const startedMs = timeOrigin + performance.now();
    const milestones = {
      executedMs: timeOrigin,
      nodeMs: timeOrigin + nodeTiming.bootstrapComplete,
      bundledMs,
      startedMs,
    };
    const { user, system } = process.cpuUsage();
    console.log(JSON.stringify({ milestones, cpuMs: (user + system) / 1000 }));
  },
});
