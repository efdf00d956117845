import { expect, test, vi } from "vitest";
import { monotonicUs } from "./sources.ts";
import { createTimers } from "./timers.ts";

/** The longest that what is waited for may take; how long it takes is the machine's business. */
const patience = { timeout: 20_000, interval: 20 };

test("[K5] a time-out comes once, not before its delay, in the order of the delays", async () => {
  const expired: number[] = [];
  const startUs = monotonicUs();
  const timers = createTimers((id) => expired.push(id));
  timers.after(1, 30);
  timers.after(2, 5);
  await vi.waitFor(() => expect(expired).toEqual([2, 1]), patience);
  // Node's timers have a granularity of one millisecond.
  expect(monotonicUs() - startUs).toBeGreaterThanOrEqual(29_000);
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
  await vi.waitFor(() => expect(expired).toContain(3), patience);
  expect(expired).toEqual([2, 3]);
});

test("[K5] a client may have so many time-outs at a time and no more; those that are over do not count", async () => {
  const expired: number[] = [];
  const timers = createTimers((id) => expired.push(id), 2);
  timers.after(1, 1);
  timers.after(2, 60_000);
  expect(() => timers.after(3, 1)).toThrow(expect.objectContaining({ code: "IPC_OVERLOADED" }));
  timers.after(2, 60_000);
  await vi.waitFor(() => expect(expired).toEqual([1]), patience);
  timers.after(3, 1);
  await vi.waitFor(() => expect(expired).toEqual([1, 3]), patience);
  timers.cancelAll();
});
