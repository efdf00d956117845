/**
 * A task every 5 ms beside six busy loops: how late its jobs begin, with a deadline budget and without, as a component of ours and
 * as a bare process. The contenders take turns. `--rounds N` (default 3), `--json`: only the line of JSON.
 */
import { parseArgs } from "node:util";
import { openBench } from "../../../runtime/src/sandbox/testing/harness.ts";
import { columns, figure, loadNow, machine, median, quantile } from "../figures.ts";
import { bare, type Contender, fair, type Jobs, sandboxed, type Task } from "./contenders.ts";

const { values } = parseArgs({ options: { json: { type: "boolean" }, rounds: { type: "string", default: "3" } } });
const say = (text: string) => void (values.json ? undefined : process.stderr.write(`${text}\n`));

const task: Task = { periodMs: 5, workMs: 0.5, warmUp: 100, jobs: 500 };
const budgetUs = 2000;
const loops = 6;
const targetMs = 0.5;

const bench = await openBench();
const loadBefore = loadNow();
const absent: { name: string; why: string }[] = [];
const rows = new Map<string, Jobs[]>();

function contenders(): Contender[] {
  const periodUs = task.periodMs * 1000;
  const deadline = { class: "deadline", budgetUs, periodUs } as const;
  const times = ["--sched-runtime", `${budgetUs * 1000}`, "--sched-deadline", `${periodUs * 1000}`];
  const chrtDeadline = ["chrt", "--reset-on-fork", "--deadline", ...times, "--sched-period", `${periodUs * 1000}`, "0"];
  const ours = sandboxed(bench, "component, deadline 2 ms in 5 ms", task, deadline);
  if (bench.host.deadline === "unavailable") absent.push({ name: ours.name, why: bench.host.reasons.join("; ") });
  return [
    ...(bench.host.deadline === "unavailable" ? [] : [ours]),
    sandboxed(bench, "component, class fair", task, fair),
    bare("bare process, chrt --deadline", task, chrtDeadline),
    bare("bare process, chrt --fifo", task, ["chrt", "--reset-on-fork", "--fifo", "50"]),
    bare("bare process", task, []),
  ];
}

async function startLoops(): Promise<void> {
  for (let index = 0; index < loops; index++) {
    const limits = { memoryBytes: 64 * 1024 ** 2, processes: 32, cpu: fair };
    const command = ["/node/bin/node", "-e", "for (;;);"];
    await bench.start({ command, limits, cgroup: `${bench.instance}/loop-${index}` });
  }
}

try {
  await startLoops();
  const all = contenders();
  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const { name, run } of all) {
      if (absent.some((one) => one.name === name)) continue;
      say(`round ${round}: ${name}`);
      await run().then(
        (jobs) => rows.set(name, [...(rows.get(name) ?? []), jobs]),
        (error: Error) => absent.push({ name, why: error.message.split("\n")[0] ?? "" }),
      );
    }
  }
} finally {
  await bench.close();
}

const load = { before: loadBefore, after: loadNow() };
const periodUs = task.periodMs * 1000;
const table = [...rows].map(([name, rounds]) => {
  const late = rounds.flatMap(({ lateUs }) => lateUs);
  const ofRounds = rounds.map(({ lateUs }) => quantile(lateUs, 0.99) / 1000);
  return {
    name,
    p50Ms: median(late) / 1000,
    p99Ms: quantile(late, 0.99) / 1000,
    bestP99Ms: Math.min(...ofRounds),
    maxMs: Math.max(...late) / 1000,
    missed: rounds.flatMap(({ endUs }) => endUs).filter((us) => us > periodUs).length,
    jobs: late.length,
  };
});
const measured = table.find(({ name }) => name.startsWith("component, deadline"))?.p99Ms ?? Number.NaN;
const target = { targetMs, measuredMs: measured, reached: measured <= targetMs };
if (!values.json) {
  console.log(
    `A job every ${task.periodMs} ms, ${task.workMs} ms of work each, beside ${loops} busy loops in sandboxes: begins late by, ms`,
  );
  const head = ["", "p50", "p99", "p99 of the best round", "max", "not done in time", "jobs"];
  const body = table.map((row) => [
    row.name,
    ...[row.p50Ms, row.p99Ms, row.bestP99Ms, row.maxMs].map((ms) => figure(ms, 3)),
    String(row.missed),
    String(row.jobs),
  ]);
  console.log(columns([head, ...body]));
  console.log(
    `\n${target.reached ? "reached    " : "not reached"}  p99 with a deadline: ${figure(measured, 3)} ms (at most ${targetMs})`,
  );
  for (const { name, why } of absent) console.log(`not measured: ${name} (${why})`);
  console.log(`Node ${process.version}; load average before and after: ${load.before} ${load.after}`);
  console.log(
    "Not comparable: a bare process has no sandbox and stands beside the group of all components, not in it; --fifo has no budget,",
  );
  console.log(
    "so one mistake in it stops the machine. The task waits by futex on its main thread: timers of Node count whole milliseconds.",
  );
}
console.log(
  JSON.stringify({
    bench: "jitter",
    machine: machine(),
    load,
    task: { ...task, budgetUs, loops },
    table,
    absent,
    target,
  }),
);
process.exit();
