import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createStallWatch } from "./stall-watch.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const limit = 1000;

function bench() {
  let queued = 0;
  let stalls = 0;
  const watch = createStallWatch(
    limit,
    () => queued,
    () => queued > 100,
    () => stalls++,
  );
  return {
    put: (bytes: number) => {
      queued += bytes;
      watch.begin();
    },
    take: (bytes: number) => {
      queued -= bytes;
    },
    stalls: () => stalls,
  };
}

test("[K12] a client that takes nothing is told of once the time is over", () => {
  const { put, stalls } = bench();
  put(200);
  vi.advanceTimersByTime(limit - 1);
  expect(stalls()).toBe(0);
  vi.advanceTimersByTime(1);
  expect(stalls()).toBe(1);
});

test("[K12] a client that reads slowly is none, also where more was put behind it than it has taken", () => {
  const { put, take, stalls } = bench();
  put(101);
  for (let round = 0; round < 5; round++) {
    vi.advanceTimersByTime(limit / 2);
    take(50);
    put(60);
    vi.advanceTimersByTime(limit / 2);
  }
  expect(stalls()).toBe(0);
});

test("[K12] one that stops is told of although something was put behind it before", () => {
  const { put, stalls } = bench();
  put(200);
  vi.advanceTimersByTime(limit / 2);
  put(50);
  vi.advanceTimersByTime(2 * limit);
  expect(stalls()).toBe(1);
});
