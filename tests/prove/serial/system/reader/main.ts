/** Keeps in /tmp/report.json what console and monitor show; each time all of it, from the oldest line on. */
import { renameSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import type { LogLine } from "@bulkhead/protocol";
import { type Client, consoleInterface, defineComponent, monitorInterface } from "@bulkhead/sdk";
import type { Report } from "../report.ts";

const pageLines = 500;

async function readAll(console: Client<typeof consoleInterface>): Promise<LogLine[]> {
  const all: LogLine[] = [];
  for (;;) {
    const { lines } = await console.read({ after: all.at(-1)?.sequence ?? -1, limit: pageLines });
    all.push(...lines);
    if (lines.length < pageLines) return all;
  }
}

export const component = defineComponent({
  uses: { console: consoleInterface, monitor: monitorInterface },
  start({ uses: { console, monitor } }) {
    async function look(): Promise<void> {
      const [lines, crashes, status] = await Promise.all([
        readAll(console),
        console.crashes({ limit: 10 }),
        monitor.status(),
      ]);
      const report: Report = { lines, crashes, status };
      writeFileSync("/tmp/report.new", JSON.stringify(report));
      renameSync("/tmp/report.new", "/tmp/report.json");
    }
    void (async () => {
      for (;;) {
        await look().catch(() => undefined);
        await setTimeout(250);
      }
    })();
  },
});
