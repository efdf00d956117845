/** Calls every core server, and another component, all the time, one call after the other on each channel. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import {
  clockInterface,
  componentKeysInterface,
  consoleInterface,
  defineComponent,
  monitorInterface,
  schedulerInterface,
} from "@bulkhead/sdk";
import type { Report } from "../report.ts";
import { tally } from "../tally.ts";

const pauseMs = 3;
const firstLine = "the watcher's first line";
const wait = { deadlineMs: 20_000 };
const nowMs = () => performance.timeOrigin + performance.now();

const report: Report = {
  mark: "",
  met: {},
  state: {
    publicKeys: [],
    clockWentBack: false,
    firstLine: false,
    newestSequence: -1,
    sequenceWentBack: false,
    changed: {},
    declared: [],
  },
};
const { state } = report;

function remember(list: string[], answer: unknown): void {
  const text = JSON.stringify(answer);
  if (!list.includes(text)) list.push(text);
}

/** Calls until the process ends; what fails is kept with when it began and ended. */
async function callOn(
  name: string,
  channel: { readonly incarnation: number },
  call: () => Promise<unknown>,
): Promise<void> {
  const met = { calls: 0, longestGapMs: 0, failures: [], incarnation: 0 } as Report["met"][string];
  report.met[name] = met;
  let answeredMs = nowMs();
  let mark = "";
  for (;;) {
    const fromMs = nowMs();
    try {
      await call();
      met.calls++;
      if (mark === report.mark) met.longestGapMs = Math.max(met.longestGapMs, nowMs() - answeredMs);
      else met.longestGapMs = 0;
      mark = report.mark;
      answeredMs = nowMs();
    } catch (error) {
      const { code = String(error) } = error as { code?: string };
      if (met.failures.length < 5_000) met.failures.push({ code, fromMs, toMs: nowMs() });
    }
    met.incarnation = channel.incarnation;
    await setTimeout(pauseMs);
  }
}

export const component = defineComponent({
  uses: {
    tally,
    clock: clockInterface,
    scheduler: schedulerInterface,
    monitor: monitorInterface,
    console: consoleInterface,
    keys: componentKeysInterface,
  },
  start({ uses, log }) {
    const { clock, scheduler, monitor, console, keys } = uses;
    log.info(firstLine);
    writeFileSync("/tmp/mark", "\n");
    monitor.channel.on("changed", () => {
      const { incarnation } = monitor.channel;
      state.changed[incarnation] = (state.changed[incarnation] ?? 0) + 1;
    });
    let lastMs = 0;
    const works = [
      callOn("tally", uses.tally.channel, () => uses.tally.next(null, wait)),
      callOn("clock", clock.channel, async () => {
        const { timeMs } = await clock.now(null, wait);
        state.clockWentBack ||= timeMs < lastMs;
        lastMs = timeMs;
      }),
      callOn("scheduler", scheduler.channel, async () => {
        const { components } = await scheduler.report(null, wait);
        remember(
          state.declared,
          components.map(({ name, declared }) => [name, declared]),
        );
      }),
      callOn("monitor", monitor.channel, () => monitor.status(null, wait)),
      callOn("console", console.channel, async () => {
        const { lines } = await console.read({ after: -1, limit: 500 }, wait);
        state.firstLine = lines.some(({ text }) => text.includes(firstLine));
        const newest = lines.at(-1)?.sequence ?? -1;
        state.sequenceWentBack ||= newest < state.newestSequence;
        state.newestSequence = newest;
      }),
      callOn("keys", keys.channel, async () => remember(state.publicKeys, await keys.publicKeys(null, wait))),
      // Not idempotent: what was in flight, or is asked while nobody is there, fails with PEER_GONE.
      callOn("random", keys.channel, () => keys.random({ bytes: 8 }, wait)),
    ];
    void Promise.all(works);
    setInterval(() => {
      report.mark = readMark();
      writeFileSync("/tmp/report.new", JSON.stringify(report));
      renameSync("/tmp/report.new", "/tmp/report.json");
    }, 50);
  },
});

/** What the test wrote there: it may write what is there, and make nothing. */
const readMark = () => readFileSync("/tmp/mark", "utf8").split("\n", 1)[0] ?? "";
