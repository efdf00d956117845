/** What the innocent caller met: the time of each call, by the window in which it was made. */
import { setTimeout } from "node:timers/promises";
import type { Battery } from "./boot.ts";

export type Window = { readonly fromMs: number; readonly toMs: number };
export type Reading = {
  readonly calls: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

/** As the caller's clock has it. */
const nowMs = () => performance.timeOrigin + performance.now();

/** The time in which `work` was done. */
export async function during(work: () => Promise<unknown>): Promise<Window> {
  const fromMs = nowMs();
  await work();
  return { fromMs, toMs: nowMs() };
}

export const quiet = (milliseconds: number): Promise<Window> => during(() => setTimeout(milliseconds));

/** Three numbers per call: when, how long, whether it failed. */
const recordNumbers = 3;

/** Reads what was met in all of the windows together. */
export async function readCalls(battery: Battery, windows: readonly Window[]): Promise<Reading> {
  const bytes = await battery.read("caller", "calls");
  const whole = bytes.length - (bytes.length % (recordNumbers * 8));
  const numbers = new Float64Array(Uint8Array.from(bytes.subarray(0, whole)).buffer);
  const times: number[] = [];
  let failed = 0;
  for (let i = 0; i < numbers.length; i += recordNumbers) {
    const [atMs = 0, tookMs = 0, isFailed = 0] = numbers.subarray(i, i + recordNumbers);
    if (!windows.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs)) continue;
    times.push(tookMs);
    failed += isFailed;
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
  return { calls: times.length, failed, p50Ms: at(0.5), p99Ms: at(0.99) };
}
