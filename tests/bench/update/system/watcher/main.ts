/** Calls both providers every few milliseconds, and says each second how long it was without an answer, and how many calls failed. */
import { setTimeout as delay } from "node:timers/promises";
import { defineComponent } from "@bulkhead/sdk";
import { echo } from "../echo.ts";

const pauseMs = 5;

export const component = defineComponent({
  uses: { steady: echo, changing: echo },
  start({ uses }) {
    for (const name of ["steady", "changing"] as const) {
      let longestMs = 0;
      let answered = 0;
      let failed = 0;
      let lastMs = performance.now();
      const call = async () => {
        try {
          await uses[name].say(answered);
          const nowMs = performance.now();
          longestMs = Math.max(longestMs, nowMs - lastMs);
          lastMs = nowMs;
          answered += 1;
        } catch {
          failed += 1;
        }
        await delay(pauseMs);
        void call();
      };
      void call();
      setInterval(() => {
        console.log(JSON.stringify({ name, atMs: Date.now(), longestMs, answered, failed }));
        longestMs = 0;
        failed = 0;
      }, 1000);
    }
  },
});
