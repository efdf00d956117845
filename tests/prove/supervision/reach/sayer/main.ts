/** Numbers that rise by one: lines, samples, messages to the broker. Each is said again until it was taken. */
import { setTimeout } from "node:timers/promises";
import { defineComponent, samplesInterface } from "@bulkhead/sdk";
import { telemetryInterface } from "../../../../../manifests/greenhouse/interfaces.ts";

const wait = { deadlineMs: 20_000 };

export const component = defineComponent({
  uses: { samples: samplesInterface, forward: telemetryInterface },
  start({ uses, log }) {
    let line = 0;
    setInterval(() => log.info(`line ${++line}`), 100);

    async function countUp(pauseMs: number, say: (number: number) => Promise<unknown>): Promise<void> {
      for (let number = 1; ; ) {
        number += await say(number).then(
          () => 1,
          () => 0,
        );
        await setTimeout(pauseMs);
      }
    }
    void countUp(200, (count) => uses.samples.publish({ values: { count } }, wait));
    void countUp(200, (count) => uses.forward.publish({ topic: "reach/count", fields: { count } }, wait));
  },
});
