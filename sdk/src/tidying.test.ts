import { expect, test } from "vitest";
import { createTidying } from "./tidying.ts";

function clockOf(...shares: number[]) {
  const utilization = (share: number) => ({ idle: 1, active: 1, utilization: share });
  const eventLoopUtilization = (_now?: unknown, since?: unknown) => utilization(since ? (shares.shift() ?? 1) : 0);
  return { eventLoopUtilization } as unknown as Pick<typeof performance, "eventLoopUtilization">;
}

function countOf(beats: number, ...shares: number[]): number {
  let collections = 0;
  const beat = createTidying(() => collections++, clockOf(...shares));
  for (let count = 0; count < beats; count++) beat();
  return collections;
}

test("[K10] what a component's start has left is collected once, at the first heartbeat after a time of rest", () => {
  expect(countOf(1, 0)).toBe(0);
  expect(countOf(2, 0.01)).toBe(1);
  expect(countOf(5, 0.01, 0, 0, 0)).toBe(1);
});

test("[K10] a component that works is not stopped for it", () => {
  expect(countOf(4, 0.5, 0.06, 0.9)).toBe(0);
  expect(countOf(4, 0.5, 0.06, 0)).toBe(1);
});

test("[K10] the way to collect is not left to the component", () => {
  const global = globalThis as { gc?: unknown };
  let collections = 0;
  global.gc = () => collections++;
  const beat = createTidying(undefined, clockOf(0));
  expect("gc" in globalThis).toBe(false);
  beat();
  beat();
  expect(collections).toBe(1);
});
