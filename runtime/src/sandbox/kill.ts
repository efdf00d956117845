/** Ends a sandbox by force: its pid 1 first, whose death ends all inside before bubblewrap, the monitor, can return. */
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";

/** `pid`: of the sandbox's pid 1, if it is known. Never throws: whoever is being killed may be dying by itself at that moment. */
export function killSandbox(monitor: ChildProcess, pid: number | null): void {
  if (monitor.exitCode !== null || monitor.signalCode !== null || monitor.pid === undefined) return;
  if (pid !== null && parentOf(pid) === monitor.pid && killed(pid)) return;
  monitor.kill("SIGKILL");
}

/** False where the monitor has reaped it since we looked (ESRCH), as it does when a component dies by itself. */
function killed(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
}

/** Guards against a pid that was given to somebody else: the monitor has one child, and is not reaped yet. */
function parentOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return null;
  }
}
