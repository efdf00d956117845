import { afterEach, describe, expect, test, vi } from "vitest";
import { conformance } from "./conformance.ts";
import type { Watchdog } from "./driver.ts";
import { simulatedWatchdog } from "./simulated.ts";

conformance("board virtual", async () => {
  const opened: Watchdog[] = [];
  const create = () => {
    const { open } = simulatedWatchdog(() => {});
    return {
      open(device: string) {
        const watchdog = open(device);
        opened.push(watchdog);
        return watchdog;
      },
    };
  };
  return {
    create,
    ...{ device: "watchdog-1", outlivesDriver: false },
    isRunning: async () => (await Promise.all(opened.map((each) => each.read()))).some((each) => each.isRunning),
    async close() {
      for (const watchdog of opened) await watchdog.abandon();
    },
  };
});

describe("[K11] the simulated watchdog", () => {
  afterEach(() => void vi.useRealTimers());

  test("tells the reset that nobody's sign of life held up, once, and why it was", async () => {
    vi.useFakeTimers();
    const resets: string[] = [];
    const watchdog = simulatedWatchdog((device) => resets.push(device)).open("watchdog-1");
    await watchdog.start(10);
    for (let second = 0; second < 30; second += 5) {
      vi.advanceTimersByTime(5000);
      await watchdog.pet();
    }
    vi.advanceTimersByTime(9999);
    expect(resets).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(resets).toEqual(["watchdog-1"]);
    expect(await watchdog.read()).toMatchObject({ isRunning: false, lastReset: ["watchdog"] });
    vi.advanceTimersByTime(60_000);
    expect(resets).toHaveLength(1);
  });
});
