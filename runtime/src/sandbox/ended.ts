/** Whether a process is over. What it made is final only then: before, it may be making one thing more. */
import { readFile } from "node:fs/promises";
import { waitFor } from "./wait.ts";

/** A process in an uninterruptible wait can outlast its own SIGKILL for long. */
const endTimeoutMs = 5000;

/**
 * Waits until `pid` has gone or is a zombie (proc(5), stat, third field). For pid 1 of a pid namespace that means that
 * nothing runs in there any more: it is the last to end (pid_namespaces(7)). Returns false where it does not end.
 */
export function untilEnded(pid: number, timeoutMs = endTimeoutMs): Promise<boolean> {
  return waitFor(async () => {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    return stat === "" || /^[ZX]$/.test(stat.charAt(stat.lastIndexOf(")") + 2));
  }, timeoutMs);
}
