/**
 * What a generation's base system asks of the board's slots before it may start. Pure. The ledger decides and the slots follow: of the two records of slots and the
 * device's own, the last is the one that counts, and whatever a cut has left between them comes to the same end (decision 59).
 */
import type { RunningSlot, SlotRecord } from "../../board/index.ts";
import type { GenerationRecord, NeededBase } from "../record.ts";

export type BasePlan =
  /** It runs here. */
  | "go"
  /** This slot is on trial and is not the one: the board starts the current one again. */
  | "return"
  /** The other slot is to be tried from the next start of the board on. */
  | "arm"
  /** It is to be tried already; the board has not started since. */
  | "restart"
  /** The other slot was tried as often as it may be, and did not come up. */
  | "failed"
  /** The board was started again as often as it may be, and does not leave this slot. */
  | "stuck"
  /** Neither slot holds it. */
  | "absent";

/** A board that does not do what the record of slots says (a card that drops writes, another disk) would start again for ever. */
export const mostRestarts = 3;

/** Whether neither slot holds the base system that is needed. */
export function isAbsent(record: Pick<GenerationRecord, "holds">, needed: NeededBase, running: RunningSlot): boolean {
  return needed.digest !== running.base && record.holds?.[running.other] !== needed.digest;
}

/** `isInCharge`: it is the current generation, which had its trial. */
export function planBase(
  record: Pick<GenerationRecord, "holds" | "armed" | "restarts">,
  needed: NeededBase | undefined,
  running: RunningSlot,
  slots: SlotRecord,
  isInCharge = false,
): BasePlan {
  if (needed === undefined || needed.digest === running.base) return "go";
  const again = <Plan>(plan: Plan) => ((record.restarts ?? 0) < mostRestarts ? plan : "stuck");
  // Were it current and not on trial, this slot would be the one that the boot script takes where the current one cannot even be loaded.
  if (running.asTrial && slots.current === running.other) return again("return");
  if (isAbsent(record, needed, running)) return "absent";
  const isArmed = record.armed?.slot === running.other && record.armed.digest === needed.digest;
  if (!isArmed) return "arm";
  if (slots.trying === running.other && slots.tries !== undefined) return again("restart");
  // Of a generation in charge the slot came up before: cuts may have taken its tries, and nothing better is there to go to.
  return needed.named && isInCharge ? again("arm") : "failed";
}
