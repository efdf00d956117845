/** Which slot is started, by the rules of the boot script (images/boot/boot.cmd), for machines that have no boot loader to run it. */
import { newerOf, nextTurn, type SlotName, type SlotRecord } from "@bulkhead/runtime";

export type Choice = {
  readonly slot: SlotName;
  readonly isTrial: boolean;
  /** What has to be on the card before the slot starts: the record, and which of the two places it goes to. */
  readonly write?: { readonly place: 0 | 1; readonly record: SlotRecord };
  /** What the boot script says of it. */
  readonly said: readonly string[];
};

const less = { iii: "ii", ii: "i", i: undefined } as const;

/** `records`: what is at the two places; undefined where it is not whole. */
export function chooseSlot(records: readonly [SlotRecord | undefined, SlotRecord | undefined]): Choice {
  const newer = newerOf(...records);
  const record: SlotRecord = (newer === undefined ? undefined : records[newer]) ?? { turn: "2", current: "a" };
  const { current, trying, tries } = record;
  const said = [`bulkhead: current=${current} trying=${trying ?? ""} tries=${tries ?? ""}`];
  if (trying === undefined) return { slot: current, isTrial: false, said };
  const place = newer === 0 ? 1 : 0;
  const turn = nextTurn(record.turn);
  if (tries === undefined) {
    const usedUp = `bulkhead: slot ${trying} has used up its tries; back to ${current}`;
    return { slot: current, isTrial: false, write: { place, record: { turn, current } }, said: [...said, usedUp] };
  }
  const rest = less[tries];
  const next: SlotRecord = { turn, current, trying, ...(rest && { tries: rest }) };
  return { slot: trying, isTrial: true, write: { place, record: next }, said };
}
