/** Whether a device is where it should be: one that sleeps is not missed before it said that it would come. Pure. */
import type { Device } from "../api/index.ts";

type Facts = { lastSeenMs: number | null; expectedAtMs: number | null; overdueAtMs: number | null };

export function describePresence(facts: Facts, isConnected: boolean, nowMs: number): Device["presence"] {
  if (isConnected) return "connected";
  if (facts.lastSeenMs === null) return "never";
  if (facts.overdueAtMs === null) return "offline";
  return nowMs < facts.overdueAtMs ? "asleep" : "overdue";
}
