/** The back-end of board `virtual`: a watchdog that tells what a real one would do when nobody shows a sign of life. */
import { BulkheadError } from "@bulkhead/protocol";
import type { WatchdogDriver } from "./driver.ts";
import type { ResetCause } from "./interface.ts";

/** `onReset`: a board would be reset now. The watchdog stands then, as after a reset. */
export function simulatedWatchdog(onReset: (device: string) => void): WatchdogDriver {
  return {
    open(device) {
      let timer: NodeJS.Timeout | undefined;
      let timeoutSeconds = 30;
      let endMs = 0;
      let lastReset: ResetCause[] = [];
      const halt = () => {
        clearTimeout(timer);
        timer = undefined;
      };
      const windUp = () => {
        halt();
        endMs = performance.now() + timeoutSeconds * 1000;
        timer = setTimeout(() => {
          halt();
          lastReset = ["watchdog"];
          onReset(device);
        }, timeoutSeconds * 1000);
      };
      return {
        async start(asked) {
          timeoutSeconds = asked;
          windUp();
          return asked;
        },
        async pet() {
          if (timer === undefined)
            throw new BulkheadError("WATCHDOG_NOT_STARTED", `${device} has not been started`, {
              remedy: "call `start` first",
            });
          windUp();
        },
        async stop() {
          halt();
        },
        read: async () => ({
          identity: "simulated",
          isRunning: timer !== undefined,
          timeoutSeconds,
          leftSeconds: timer === undefined ? null : Math.max(0, Math.ceil((endMs - performance.now()) / 1000)),
          isStoppable: true,
          lastReset,
        }),
        // A timer of this process: it cannot outlive it.
        abandon: async () => halt(),
      };
    },
  };
}
