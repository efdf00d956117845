/**
 * Gives a component's main thread its budget in every period by SCHED_DEADLINE (sched(7)), from outside, and reads back
 * what the kernel has. The flag reset-on-fork is needed: the kernel refuses a thread to a task that would pass its
 * deadline on, and Node makes threads. Its other threads stay in class fair, under the quota of its control group.
 */
import { execa } from "execa";
import { programEnvironment } from "./programs.ts";
import type { SandboxSpec } from "./spec.ts";

export type Deadline = Extract<SandboxSpec["limits"]["cpu"], { class: "deadline" }>;

/** Small enough for any machine that has room for one at all. */
const trial: Deadline = { class: "deadline", budgetUs: 1000, periodUs: 100_000 };

/** Returns null where this user and this kernel can do it, else what the kernel said. */
export async function tryDeadline(): Promise<string | null> {
  return chrt([...request(trial), "0", "true"]);
}

/** Returns null, or why it was refused: the kernel has no room for it, or the task may not run on every core of its domain. */
export async function applyDeadline(pid: number, deadline: Deadline): Promise<string | null> {
  return chrt([...request(deadline), "--pid", "0", `${pid}`]);
}

/** True where the kernel schedules `pid` by exactly this deadline. */
export async function hasDeadline(pid: number, { budgetUs, periodUs }: Deadline): Promise<boolean> {
  const { stdout } = await execa("chrt", ["--pid", `${pid}`], { reject: false, env: programEnvironment });
  return (
    stdout.includes("SCHED_DEADLINE") && stdout.endsWith(`: ${budgetUs * 1000}/${periodUs * 1000}/${periodUs * 1000}`)
  );
}

function request({ budgetUs, periodUs }: Deadline): string[] {
  const [budget, period] = [`${budgetUs * 1000}`, `${periodUs * 1000}`];
  const times = ["--sched-runtime", budget, "--sched-deadline", period, "--sched-period", period];
  return ["--reset-on-fork", "--deadline", ...times];
}

async function chrt(args: readonly string[]): Promise<string | null> {
  const result = await execa("chrt", args, { reject: false, env: programEnvironment });
  return result.failed ? result.stderr.trim() || `exit code ${result.exitCode}` : null;
}
