// Runs inside a sandbox: a task that is due once a period, at times fixed beforehand, and takes a part of it. One JSON
// request on descriptor 3 ({periodMs, workMs, jobs}), one JSON answer: when each job began and ended, counted from when it
// was due; null where the next was due before it could begin.
import { Socket } from "node:net";

const control = new Socket({ fd: 3, readable: true, writable: true });
control.on("close", () => process.exit(0));
control.write("ready\n");

/** Computes for `ms` of this thread's own processor time, however long that takes. */
function work(ms) {
  const usedMs = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  const before = usedMs();
  while (usedMs() - before < ms);
}

control.once("data", async (data) => {
  const { periodMs, workMs, jobs } = JSON.parse(String(data));
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
    if (!isLost) work(workMs);
    begun.push(isLost ? null : lateMs);
    ended.push(isLost ? null : performance.now() - dueMs);
  }
  control.write(`${JSON.stringify({ begun, ended })}\n`);
});
