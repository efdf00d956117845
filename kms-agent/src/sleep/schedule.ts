/** When a device that sleeps is awake. Pure. */
import type { System } from "@bulkhead/protocol";

export type Sleep = NonNullable<System["sleep"]>;
export type Window = {
  readonly isAwake: boolean;
  /** Until it falls asleep, or wakes. */
  readonly leftMs: number;
  /** Until it wakes the next time, from now. */
  readonly nextMs: number;
};

/** `sinceMs`: since the first waking, by a clock that runs on while the device sleeps. */
export function windowAt({ everyMs, awakeMs }: Sleep, sinceMs: number): Window {
  const phaseMs = Math.max(0, sinceMs) % everyMs;
  const nextMs = everyMs - phaseMs;
  const isAwake = phaseMs < awakeMs;
  return { isAwake, leftMs: isAwake ? Math.min(awakeMs, everyMs) - phaseMs : nextMs, nextMs };
}
