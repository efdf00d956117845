// Runs inside a sandbox: a task that is due once a period, at times fixed beforehand, and takes a part of it. One JSON
// request on descriptor 3 ({periodMs, workMs, warmUp, jobs}), one JSON answer: when each job began and ended, counted from when it
// was due; null where the next was due before it could begin.
import { Socket } from "node:net";

const control = new Socket({ fd: 3, readable: true, writable: true });
control.on("close", () => process.exit(0));
control.write("ready\n");

/** Told at the end, so that the compiler does not find the work useless and leave it out. */
let result = 1;

/** Allocates nothing, so that nothing is collected while it is measured. */
function compute(rounds) {
  let value = result;
  for (let round = 0; round < rounds; round++) value = (value * 1664525 + 1013904223) | 0;
  result = value;
}

/** How many rounds take a millisecond of this thread's own processor time. */
function roundsPerMs() {
  const rounds = 2_000_000;
  const before = process.threadCpuUsage();
  compute(rounds);
  const { user, system } = process.threadCpuUsage(before);
  return (rounds * 1000) / (user + system);
}

control.once("data", async (data) => {
  const { periodMs, workMs, warmUp, jobs } = JSON.parse(String(data));
  // The first runs of new code are compiled on the way, which the budget is not for: they are done, and not counted.
  const speeds = [];
  for (let job = 0; job < warmUp; job++) {
    speeds.push(roundsPerMs());
    await new Promise((resolve) => setTimeout(resolve, periodMs));
  }
  const rounds = Math.round(workMs * (speeds.sort((a, b) => a - b)[Math.floor(warmUp / 2)] ?? 0));
  for (let job = 0; job < warmUp; job++) {
    compute(rounds);
    await new Promise((resolve) => setTimeout(resolve, periodMs));
  }
  const first = performance.now() + 2 * periodMs;
  const begun = [];
  const ended = [];
  for (let job = 0; job < jobs; job++) {
    const dueMs = first + job * periodMs;
    // Timers count whole milliseconds, so this is up to one early.
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const lateMs = performance.now() - dueMs;
    const isLost = lateMs > periodMs;
    if (!isLost) compute(rounds);
    begun.push(isLost ? null : lateMs);
    ended.push(isLost ? null : performance.now() - dueMs);
  }
  control.write(`${JSON.stringify({ begun, ended, result })}\n`);
});
