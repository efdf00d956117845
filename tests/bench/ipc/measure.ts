/** The measures that all promise-based peers share: each round trip by itself, then so many in flight, then bulk data. */

/** Microseconds and rates per second. */
export type CallFigures = { p50: number; p99: number; min: number; rate1: number; rate8: number; rate64: number };

export type Plan = { warmUp: number; calls: number; rateCalls: number; transfers: number };
export const fastPlan: Plan = { warmUp: 15_000, calls: 30_000, rateCalls: 30_000, transfers: 6_000 };
/** For peers that take ten times as long. */
export const slowPlan: Plan = { warmUp: 1_000, calls: 3_000, rateCalls: 3_000, transfers: 600 };

type Call = (sequence: number) => Promise<unknown>;

export async function measureCalls(call: Call, plan: Plan = fastPlan): Promise<CallFigures> {
  for (let i = 0; i < plan.warmUp; i++) await call(i);
  const times = new Float64Array(plan.calls);
  for (let i = 0; i < plan.calls; i++) {
    const start = process.hrtime.bigint();
    await call(i);
    times[i] = Number(process.hrtime.bigint() - start) / 1000;
  }
  const rate = (inFlight: number) => measureRate(call, plan.rateCalls, inFlight);
  return { ...summarise(times), rate1: await rate(1), rate8: await rate(8), rate64: await rate(64) };
}

/** 64 KiB to the other end, acknowledged; eight in flight. Per second. */
export async function measureTransfers(call: Call, plan: Plan = fastPlan): Promise<number> {
  await measureRate(call, plan.transfers / 3, 8);
  return measureRate(call, plan.transfers, 8);
}

async function measureRate(call: Call, calls: number, inFlight: number): Promise<number> {
  let left = calls;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (left-- > 0) await call(left);
    }),
  );
  return (calls / (performance.now() - start)) * 1000;
}

export function summarise(times: Float64Array): Pick<CallFigures, "p50" | "p99" | "min"> {
  const sorted = times.toSorted();
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  return { p50: at(0.5), p99: at(0.99), min: at(0) };
}
