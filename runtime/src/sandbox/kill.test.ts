import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, test, vi } from "vitest";
import { killSandbox } from "./kill.ts";

afterEach(() => void vi.restoreAllMocks());

/** A monitor with one child, which it reaps, as bubblewrap does. It says the child's pid first, and ends after it or does as `then` says. */
async function startMonitor(then = "", program = "sleep"): Promise<{ monitor: ChildProcess; child: number }> {
  const script = `"$0" 1000 & echo $!; wait; ${then}`;
  const monitor = spawn("sh", ["-c", script, program], { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = await once(createInterface({ input: monitor.stdout }), "line");
  return { monitor, child: Number(line) };
}

const isReaped = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8") === "";
  } catch {
    return true;
  }
};

describe("[K2] [K7] a sandbox that is killed", () => {
  test("ends from within, so that its end means that nothing is left", async () => {
    const { monitor, child } = await startMonitor();
    killSandbox(monitor, child);
    expect(await once(monitor, "exit")).toEqual([0, null]);
    expect(isReaped(child)).toBe(true);
  });

  test("may be dying by itself: who is gone between look and kill does not take the root server along", async () => {
    const { monitor, child } = await startMonitor("exec sleep 1000");
    const ended = once(monitor, "exit");
    const kill = process.kill.bind(process);
    vi.spyOn(process, "kill").mockImplementationOnce((pid, signal) => {
      kill(pid, "SIGKILL");
      // Its monitor reaps it meanwhile, without this process hearing of it.
      while (!isReaped(pid));
      return kill(pid, signal);
    });
    killSandbox(monitor, child);
    // Nor does the monitor stay, whatever else it does.
    expect(await ended).toEqual([null, "SIGKILL"]);
  });

  test("is found by its parent whatever it is called", async () => {
    const directory = mkdtempSync(join(tmpdir(), "bulkhead-kill-"));
    const program = join(directory, "a) S 1 1 (");
    symlinkSync("/bin/sleep", program);
    const { monitor, child } = await startMonitor("", program);
    await vi.waitFor(() => expect(readFileSync(`/proc/${child}/stat`, "utf8")).toContain("(a) S 1 1 ()"), 10_000);
    killSandbox(monitor, child);
    expect(await once(monitor, "exit")).toEqual([0, null]);
    rmSync(directory, { recursive: true });
  });

  test("and has ended is left alone, and so is a process that has its number", async () => {
    const { monitor, child } = await startMonitor();
    killSandbox(monitor, child);
    await once(monitor, "exit");
    // Both numbers can be given anew: to this process, and to the one that started it.
    Object.defineProperty(monitor, "pid", { value: process.ppid });
    const kill = vi.spyOn(process, "kill").mockReturnValue(true);
    killSandbox(monitor, process.pid);
    expect(kill).not.toHaveBeenCalled();
    kill.mockRestore();

    const other = await startMonitor();
    killSandbox(other.monitor, process.pid);
    expect(await once(other.monitor, "exit")).toEqual([null, "SIGKILL"]);
    process.kill(other.child, "SIGKILL");
  });
});
