/** Who runs the periodic task: ours in a sandbox, with and without a budget, and a bare process as chrt(1) starts it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { nodeOptions } from "../../../runtime/src/runners/node.ts";
import type { Bench } from "../../../runtime/src/sandbox/testing/harness.ts";

export type Task = { periodMs: number; workMs: number; warmUp: number; jobs: number };
/** Microseconds after it was due: when each job began, and when its work was done. */
export type Jobs = { lateUs: number[]; endUs: number[] };
export type Contender = { name: string; run(): Promise<Jobs> };

const memory = { memoryBytes: 96 * 1024 ** 2, processes: 32 };
export const fair = { class: "fair", weight: 100 } as const;
type Cpu = typeof fair | { class: "deadline"; budgetUs: number; periodUs: number };

const wordsOf = ({ periodMs, workMs, warmUp, jobs }: Task) => [periodMs, workMs, warmUp, jobs].map(String);
const program = join(import.meta.dirname, "periodic.mjs");

/** A component: its own control group, sandbox, V8 options and scheduling, given by what gives them on a device. */
export function sandboxed(bench: Bench, name: string, task: Task, cpu: Cpu): Contender {
  return {
    name,
    async run() {
      const text = await readFile(program, "utf8");
      const options = [...nodeOptions({ cpu, memoryBytes: memory.memoryBytes }), "--input-type=module", "--eval", text];
      const sandbox = await bench.start({
        command: ["/node/bin/node", ...options, "--", ...wordsOf(task), "control"],
        limits: { ...memory, cpu },
        cgroup: `${bench.instance}/periodic`,
      });
      try {
        return await ask(sandbox.control, sandbox.control, () => sandbox.schedule());
      } finally {
        sandbox.kill();
        await sandbox.exited;
      }
    },
  };
}

/** The same program on the same Node by `chrt`, with no sandbox and no group of its own. Rejects where the kernel refuses. */
export function bare(name: string, task: Task, prefix: readonly string[]): Contender {
  return {
    name,
    async run() {
      const command = [...prefix, process.execPath, "--single-threaded", program, ...wordsOf(task), "standard"];
      const [file = "", ...args] = command;
      const child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
      const failed = once(child, "exit").then(([code]) => {
        throw new Error(`${prefix[0] ?? "the process"} ended with ${code}`);
      });
      try {
        return await Promise.race([ask(child.stdout, child.stdin), failed]);
      } finally {
        failed.catch(() => undefined);
        child.kill("SIGKILL");
      }
    },
  };
}

async function ask(from: Readable, to: Writable, prepare: () => Promise<void> = async () => undefined): Promise<Jobs> {
  const lines = createInterface({ input: from })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.value !== "ready") throw new Error(`it said ${first.value} in the place of ready`);
  await prepare();
  to.write("go\n");
  return JSON.parse((await lines.next()).value ?? "");
}
