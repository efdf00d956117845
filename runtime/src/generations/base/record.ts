/** The device's record as far as it is of base systems: its pure transitions. Each is written to the disk before it is acted upon. */
import type { RunningSlot, SlotName } from "../../board/index.ts";
import type { GenerationRecord, NeededBase } from "../record.ts";

/** The running slot holds what runs. The same record where that is said already. */
export function noteRunning(record: GenerationRecord, { base, slot }: RunningSlot): GenerationRecord {
  return base === undefined || record.holds?.[slot] === base ? record : noteHeld(record, slot, base);
}

/** The current generation runs on this base system: undefined is one that does not say which it is. The same record where that is said already. */
export function noteCurrent(record: GenerationRecord, base: string | undefined): GenerationRecord {
  const { current } = record;
  if (current.base?.digest === base) return record;
  const { base: _, ...rest } = current;
  return { ...record, current: base === undefined ? rest : { ...rest, base: { digest: base, named: false } } };
}

export function noteHeld(record: GenerationRecord, slot: SlotName, digest: string): GenerationRecord {
  return { ...record, holds: { ...record.holds, [slot]: digest } };
}

/** What this slot holds is not whole from here on, or does not start. The same record where nothing was known of it. */
export function forgetHeld(record: GenerationRecord, slot: SlotName): GenerationRecord {
  if (record.holds?.[slot] === undefined && record.armed?.slot !== slot) return record;
  const { [slot]: _, ...holds } = record.holds ?? {};
  return { ...withoutArmed(record), holds };
}

export function noteArmed(record: GenerationRecord, slot: SlotName, { digest }: NeededBase): GenerationRecord {
  return { ...record, armed: { slot, digest } };
}

/** The board starts again for another slot. */
export function noteRestart(record: GenerationRecord): GenerationRecord {
  return { ...record, restarts: (record.restarts ?? 0) + 1 };
}

/** No slot is tried any more, and the board is not started again for one. The same record where that was so. */
export function withoutArmed(record: GenerationRecord): GenerationRecord {
  if (record.armed === undefined && record.restarts === undefined) return record;
  const { armed: _, restarts: __, ...rest } = record;
  return rest;
}
