import type { Component, System } from "@bulkhead/protocol";
import { describe, expect, test } from "vitest";
import { beginTrialWatch, type TrialTimes, trialTimes } from "./trial.ts";

function watch(windowMs: number, steadyMs: number) {
  const missing: string[] = ["one"];
  let onVerdict: (verdict: unknown) => void = () => undefined;
  const verdict = new Promise<unknown>((resolve) => {
    onVerdict = resolve;
  });
  const trial = beginTrialWatch({ windowMs, steadyMs, notReady: () => missing, onVerdict });
  return { missing, verdict, trial };
}

describe("the times of a trial", () => {
  const component = (periodMs: number, missed: number, policy: "permanent" | "temporary" = "permanent") =>
    ({ heartbeat: { periodMs, missed }, restart: { policy } }) as Component;
  const times = (components: Record<string, Component>, update: System["update"], device: TrialTimes) =>
    trialTimes({ components, update }, device);
  const two = { one: component(1000, 3), two: component(500, 2), brief: component(9000, 9, "temporary") };

  test("[K2] are long enough that a hang of whichever permanent component is noticed before the commit", () => {
    expect(times(two, undefined, { windowMs: 20_000 })).toEqual({ windowMs: 20_000, steadyMs: 4000 });
    expect(times({ one: component(2000, 3) }, undefined, { windowMs: 20_000 }).steadyMs).toBe(7000);
    expect(times({ one: component(60_000, 3) }, undefined, { windowMs: 20_000 }).steadyMs).toBe(10_000);
  });

  test("[K2] are what the system says, else what the device says", () => {
    expect(times(two, { windowMs: 9000, steadyMs: 5 }, { windowMs: 1, steadyMs: 2 })).toEqual({
      windowMs: 9000,
      steadyMs: 5,
    });
    expect(times(two, {}, { windowMs: 4000, steadyMs: 300 })).toEqual({ windowMs: 4000, steadyMs: 300 });
    expect(times(two, { windowMs: 6000 }, { windowMs: 20_000 })).toEqual({ windowMs: 6000, steadyMs: 3000 });
  });

  test("[K2] leave a board that has just started more of a window, and no more to be well in", () => {
    const cold = (windowMs: number) =>
      trialTimes({ components: two, update: { windowMs } }, { windowMs: 20_000 }, true);
    expect([cold(9000), cold(300_000).windowMs]).toEqual([{ windowMs: 120_000, steadyMs: 4000 }, 300_000]);
  });
});

describe("a trial", () => {
  test("[K2] is good when all are ready and stay so", async () => {
    const { missing, verdict, trial } = watch(60_000, 5);
    trial.observe();
    missing.pop();
    trial.observe();
    expect(await verdict).toEqual({ good: true });
  });

  test("[K2] is bad when somebody is missing at its end, and says who", async () => {
    const { verdict } = watch(10, 0);
    expect(await verdict).toEqual({ good: false, reason: "not ready: one, 10 ms after the start" });
  });

  test("[K2] is bad when all are ready again and again, but never for long enough", async () => {
    const { missing, verdict, trial } = watch(50, 40);
    missing.pop();
    trial.observe();
    const flapping = setInterval(() => {
      missing.push("one");
      trial.observe();
      missing.pop();
      trial.observe();
    }, 5);
    const outcome = await verdict;
    clearInterval(flapping);
    expect(outcome).toEqual({ good: false, reason: "its components did not stay ready, 50 ms after the start" });
  });

  test("[K2] is bad at once when a component is given up, and nothing changes that", async () => {
    const { missing, verdict, trial } = watch(60_000, 0);
    trial.escalated("one crashed too often");
    missing.pop();
    trial.observe();
    expect(await verdict).toEqual({ good: false, reason: "one crashed too often" });
  });
});
