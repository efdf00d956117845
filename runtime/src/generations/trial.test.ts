import { describe, expect, test } from "vitest";
import { beginTrialWatch } from "./trial.ts";

function watch(windowMs: number, steadyMs: number) {
  const missing: string[] = ["one"];
  let onVerdict: (verdict: unknown) => void = () => undefined;
  const verdict = new Promise<unknown>((resolve) => {
    onVerdict = resolve;
  });
  const trial = beginTrialWatch({ windowMs, steadyMs, notReady: () => missing, onVerdict });
  return { missing, verdict, trial };
}

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
