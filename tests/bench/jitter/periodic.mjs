// A task that is due every `periodMs` at times fixed beforehand, with a little work. Says `ready`, begins at a line of input, writes
// one line of JSON: microseconds by which each job began late. Input and output: descriptor 3 in a sandbox, else standard ones.
import { Socket } from "node:net";

const [periodMs, workMs, warmUp, jobs, where] = process.argv
  .slice(-5)
  .map((word) => (Number.isNaN(Number(word)) ? word : Number(word)));
const control = where === "control" ? new Socket({ fd: 3, readable: true, writable: true }) : null;
const input = control ?? process.stdin;
const output = control ?? process.stdout;
input.on("close", () => process.exit(0));
output.write("ready\n");

let result = 1;
/** Allocates nothing, so that nothing is collected while it is measured. */
function compute(rounds) {
  let value = result;
  for (let round = 0; round < rounds; round++) value = (value * 1664525 + 1013904223) | 0;
  result = value;
}

// Timers of Node count whole milliseconds of a clock that is read once a turn; this waits by the kernel's clock, on the main thread.
const cell = new Int32Array(new SharedArrayBuffer(4));
const waitUntil = (dueMs) => {
  for (let leftMs = dueMs - performance.now(); leftMs > 0; leftMs = dueMs - performance.now())
    Atomics.wait(cell, 0, 0, leftMs);
};

input.once("data", () => {
  let rounds = 10_000;
  for (let turn = 0; turn < 20; turn++) {
    const before = process.threadCpuUsage();
    compute(2_000_000);
    const { user, system } = process.threadCpuUsage(before);
    rounds = Math.round((2_000_000 * 1000 * workMs) / (user + system));
  }
  const lateUs = new Float64Array(jobs);
  const endUs = new Float64Array(jobs);
  const first = performance.now() + 2 * periodMs;
  for (let job = -warmUp; job < jobs; job++) {
    const dueMs = first + (job + warmUp) * periodMs;
    waitUntil(dueMs);
    const begunMs = performance.now();
    compute(rounds);
    if (job < 0) continue;
    lateUs[job] = (begunMs - dueMs) * 1000;
    endUs[job] = (performance.now() - dueMs) * 1000;
  }
  output.write(`${JSON.stringify({ lateUs: [...lateUs], endUs: [...endUs], result })}\n`);
});
