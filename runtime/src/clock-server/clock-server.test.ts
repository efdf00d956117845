import { expect, test, vi } from "vitest";
import { readTime } from "./time.ts";
import { createTimers } from "./timers.ts";

test("[K5] the time of day is the host's and says so; the monotonic clock never goes back", () => {
  const times = Array.from({ length: 1000 }, readTime);
  expect(times[0]?.quality).toBe("host");
  expect(Math.abs((times[0]?.timeMs ?? 0) - Date.now())).toBeLessThan(5000);
  expect(times.every((time, i) => time.monotonicUs >= (times[i - 1]?.monotonicUs ?? 0))).toBe(true);
});

test("[K5] a time-out comes once, not before its delay, in the order of the delays", async () => {
  const expired: number[] = [];
  const startUs = readTime().monotonicUs;
  const timers = createTimers((id) => expired.push(id));
  timers.after(1, 30);
  timers.after(2, 5);
  await vi.waitFor(() => expect(expired).toEqual([2, 1]));
  // Node's timers have a granularity of one millisecond.
  expect(readTime().monotonicUs - startUs).toBeGreaterThanOrEqual(29_000);
});

test("[K5] a cancelled time-out never comes, and asking twice for one id is asking once", async () => {
  const expired: number[] = [];
  const timers = createTimers((id) => expired.push(id));
  timers.after(1, 1);
  timers.after(2, 1);
  timers.after(2, 10);
  timers.after(3, 20);
  timers.cancel(1);
  timers.cancel(99);
  await vi.waitFor(() => expect(expired).toContain(3));
  expect(expired).toEqual([2, 3]);
});

test("[K5] a client may have so many time-outs at a time and no more; those that are over do not count", async () => {
  const expired: number[] = [];
  const timers = createTimers((id) => expired.push(id), 2);
  timers.after(1, 1);
  timers.after(2, 60_000);
  expect(() => timers.after(3, 1)).toThrow(expect.objectContaining({ code: "IPC_OVERLOADED" }));
  timers.after(2, 60_000);
  await vi.waitFor(() => expect(expired).toEqual([1]));
  timers.after(3, 1);
  await vi.waitFor(() => expect(expired).toEqual([1, 3]));
  timers.cancelAll();
});
