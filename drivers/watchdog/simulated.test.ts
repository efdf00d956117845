import { startComponent } from "@bulkhead/sdk/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { conformance } from "./conformance.ts";
import type { Watchdog } from "./driver.ts";
import { watchdogDriver } from "./server.ts";
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

  test("is let go of, and not stopped, when its driver stops and no grant says that it may be", async () => {
    const done: string[] = [];
    const driver = await startComponent(
      watchdogDriver(() => ({
        open: (device) => ({
          ...simulatedWatchdog(() => {}).open(device),
          start: async (seconds) => seconds,
          stop: async () => void done.push(`${device} stopped`),
          abandon: async () => void done.push(`${device} abandoned`),
        }),
      })),
      { uses: {} },
    );
    for (const [device, stoppable] of [
      ["watchdog-1", false],
      ["watchdog-2", true],
    ] as const) {
      const grant = { device, timeoutSeconds: { min: 5, max: 60 }, stoppable };
      await driver.connect("timer", { grant }).client.start({ timeoutSeconds: 10 });
    }
    await driver.stop();
    expect(done).toEqual(["watchdog-1 abandoned", "watchdog-2 stopped"]);
  });

  test("is petted by nobody but its client: it ends in a reset when that goes, and when that only reads", async () => {
    vi.useFakeTimers();
    const resets: string[] = [];
    const driver = await startComponent(
      watchdogDriver(() => simulatedWatchdog((device) => resets.push(device))),
      { uses: {} },
    );
    const connect = (device: string) =>
      driver.connect("timer", { grant: { device, timeoutSeconds: { min: 5, max: 60 }, stoppable: true } });
    const gone = connect("watchdog-1");
    await gone.client.start({ timeoutSeconds: 10 });
    gone.leave();
    const idle = connect("watchdog-2");
    await idle.client.start({ timeoutSeconds: 10 });
    for (let second = 0; second < 12; second++) {
      await vi.advanceTimersByTimeAsync(1000);
      await idle.client.read();
    }
    expect(resets.sort()).toEqual(["watchdog-1", "watchdog-2"]);
  });
});
