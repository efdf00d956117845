import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { watchSlot } from "./slot-watch.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

function board(onTrial: boolean) {
  const seen = { onTrial, settled: 0, diskTakes: true };
  const base = () => ({ slot: "b", digest: null, other: null, onTrial: seen.onTrial }) as const;
  const settle = async () => {
    seen.settled += 1;
    if (seen.diskTakes) seen.onTrial = false;
  };
  return { seen, watch: watchSlot({ base, settle }) };
}

test("[K18] a slot on trial is the current one once all was well for ten seconds without a break", async () => {
  const { seen, watch } = board(true);
  watch.observe(true);
  await vi.advanceTimersByTimeAsync(9_999);
  watch.observe(false);
  watch.observe(true);
  await vi.advanceTimersByTimeAsync(9_999);
  expect(seen.settled).toBe(0);
  watch.observe(true);
  await vi.advanceTimersByTimeAsync(1);
  expect(seen.settled).toBe(1);
  await vi.advanceTimersByTimeAsync(60_000);
  watch.observe(true);
  expect(seen.settled).toBe(1);
});

test("[K18] a record of slots that the disk does not take is written again later; a slot that is not on trial needs none", async () => {
  const { seen, watch } = board(true);
  seen.diskTakes = false;
  watch.observe(true);
  await vi.advanceTimersByTimeAsync(25_000);
  expect(seen.settled).toBe(2);
  seen.diskTakes = true;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(seen.settled).toBe(3);
  const settled = board(false);
  settled.watch.observe(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(settled.seen.settled).toBe(0);
});
