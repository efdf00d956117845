/** Times that contradict each other. */
import type { ErrorReport } from "../../errors.ts";
import { type Analysis, atKey, atValue, type Rule } from "../analysis.ts";
import type { Path } from "../source.ts";

export const timingRule: Rule = (analysis) => [
  ...checkSleep(analysis),
  ...Object.keys(analysis.written.components).flatMap((name) => [
    ...checkBackoff(analysis, name),
    ...checkCounting(analysis, name),
    ...checkDeadline(analysis, name),
  ]),
];

function checkSleep({ plan, source }: Analysis): ErrorReport[] {
  if (plan.sleep === null || plan.sleep.awakeMs < plan.sleep.everyMs) return [];
  const message = `the device wakes every ${plan.sleep.everyMs} ms and stays awake for ${plan.sleep.awakeMs} ms: it never sleeps`;
  const remedy = "lower `awake`, or remove `sleep`";
  return [atValue(source, { code: "MANIFEST_INVALID_VALUE", path: ["sleep", "awake"], message, remedy })];
}

function checkBackoff({ plan, source }: Analysis, name: string): ErrorReport[] {
  const backoff = plan.components[name]?.restart.backoff;
  if (backoff === undefined || backoff.initialMs <= backoff.maxMs) return [];
  const path = ["components", name, "restart", "backoff"];
  const message = `the back-off of \`${name}\` starts at ${backoff.initialMs} ms and is limited to ${backoff.maxMs} ms`;
  return [atValue(source, { code: "MANIFEST_INVALID_VALUE", path, message, remedy: "raise `max` or lower `initial`" })];
}

/** Restarts that come more slowly than they are counted never use up their number, so nothing ever escalates. */
function checkCounting({ plan, source }: Analysis, name: string): ErrorReport[] {
  const { restart, heartbeat } = plan.components[name] ?? {};
  if (restart === undefined || heartbeat === undefined || restart.intensity === 0) return [];
  const code = "MANIFEST_INVALID_VALUE";
  const { initialMs, maxMs } = restart.backoff;
  if (initialMs >= restart.periodMs && initialMs <= maxMs) {
    const message = `\`${name}\` waits ${initialMs} ms before a restart, and restarts are counted over ${restart.periodMs} ms: they never use up`;
    const path = ["components", name, "restart"];
    return [atValue(source, { code, path, message, remedy: "raise `period` or lower `initial`" })];
  }
  const hangMs = heartbeat.periodMs * heartbeat.missed;
  if (hangMs < restart.periodMs) return [];
  const message = `a hang of \`${name}\` is noticed after ${hangMs} ms, and restarts are counted over ${restart.periodMs} ms: they never use up`;
  const path = ["components", name, "heartbeat"];
  return [atKey(source, { code, path, message, remedy: "raise `restart.period`, or lower `period` or `missed`" })];
}

/** Once its budget is used a deadline component waits for its next period: what is quicker it cannot answer. */
function checkDeadline({ plan, source }: Analysis, name: string): ErrorReport[] {
  const component = plan.components[name];
  if (component?.cpu.class !== "deadline") return [];
  const { cpu, heartbeat, readyMs, stopMs } = component;
  const times: [Path, number][] = [
    [["heartbeat", "period"], heartbeat.periodMs],
    [["ready"], readyMs],
    [["stop"], stopMs],
  ];
  return times.flatMap(([path, ms]) => {
    if (ms * 1000 >= cpu.periodUs) return [];
    const message = `\`${name}\` runs once in ${cpu.periodUs / 1000} ms, and its \`${path.join(".")}\` is ${ms} ms`;
    const remedy = "lengthen it, or shorten the period of `cpu`";
    const full = ["components", name, ...path];
    return [atValue(source, { code: "MANIFEST_INVALID_VALUE", path: full, message, remedy })];
  });
}
