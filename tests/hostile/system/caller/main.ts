/** The innocent client: calls its provider again and again, and keeps when and how long in /tmp/calls, for the test to read. */
import { closeSync, openSync, writeSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { defineComponent } from "@bulkhead/sdk";
import { echo } from "../echo.ts";

const pauseMs = 2;

export const component = defineComponent({
  uses: { echo, trap: echo },
  start({ uses, onStop }) {
    const calls = openSync("/tmp/calls", "w");
    let isOver = false;
    onStop(() => {
      isOver = true;
    });
    void (async () => {
      while (!isOver) {
        await setTimeout(pauseMs);
        const startMs = performance.now();
        const failed = await uses.echo.say("hello").then(
          () => 0,
          () => 1,
        );
        const record = new Float64Array([performance.timeOrigin + startMs, performance.now() - startMs, failed]);
        writeSync(calls, new Uint8Array(record.buffer));
      }
      closeSync(calls);
    })();
  },
});
