import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, test, vi } from "vitest";
import { killSandbox } from "./kill.ts";

afterEach(() => void vi.restoreAllMocks());

/** A monitor with one child, which it reaps, as bubblewrap does. It says the child's pid first, and ends after it. */
async function startMonitor(): Promise<{ monitor: ChildProcess; child: number }> {
  const monitor = spawn("sh", ["-c", "sleep 1000 & echo $!; wait"], { stdio: ["ignore", "pipe", "ignore"] });
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
    const { monitor, child } = await startMonitor();
    const ended = once(monitor, "exit");
    const kill = process.kill.bind(process);
    vi.spyOn(process, "kill").mockImplementationOnce((pid, signal) => {
      kill(pid, "SIGKILL");
      // Its monitor reaps it meanwhile, without this process hearing of it.
      while (!isReaped(pid));
      return kill(pid, signal);
    });
    killSandbox(monitor, child);
    await ended;
  });

  test("and has ended is left alone, and so is a process that has its number", async () => {
    const { monitor, child } = await startMonitor();
    killSandbox(monitor, child);
    await once(monitor, "exit");
    const kill = vi.spyOn(process, "kill");
    killSandbox(monitor, process.pid);
    expect(kill).not.toHaveBeenCalled();

    const other = await startMonitor();
    killSandbox(other.monitor, process.pid);
    expect(await once(other.monitor, "exit")).toEqual([null, "SIGKILL"]);
    process.kill(other.child, "SIGKILL");
  });
});
