import type { SlotRecord } from "@bulkhead/runtime";
import { expect, test } from "vitest";
import { type Choice, chooseSlot } from "./choose.ts";

type Records = [SlotRecord | undefined, SlotRecord | undefined];

/** The starts of a board whose slot on trial never becomes the current one. */
function startsOf(records: Records, count: number): Choice[] {
  const now: Records = [...records];
  return Array.from({ length: count }, () => {
    const choice = chooseSlot(now);
    if (choice.write) now[choice.write.place] = choice.write.record;
    return choice;
  });
}

test("[K19] a slot on trial has three tries, each counted before it, and then the current one starts for good", () => {
  const starts = startsOf([{ turn: "0", current: "a", trying: "b", tries: "iii" }, undefined], 6);
  expect(starts.map(({ slot, isTrial }) => (isTrial ? `${slot}?` : slot))).toEqual(["b?", "b?", "b?", "a", "a", "a"]);
  expect(starts.map(({ write }) => write?.record.tries ?? null)).toEqual(["ii", "i", null, null, null, null]);
  expect(starts[3]?.said).toContain("bulkhead: slot b has used up its tries; back to a");
});

test("[K19] the record that is not the newest is written over, whichever it is", () => {
  const trial = { current: "a", trying: "b", tries: "ii" } as const;
  const places = (records: Records) => startsOf(records, 3).map(({ write }) => write?.place);
  expect(places([{ turn: "0", ...trial }, undefined])).toEqual([1, 0, 1]);
  expect(
    places([
      { turn: "0", current: "a" },
      { turn: "1", ...trial },
    ]),
  ).toEqual([0, 1, 0]);
});

test("[K19] a card without a whole record starts slot a", () => {
  expect(chooseSlot([undefined, undefined])).toMatchObject({ slot: "a", isTrial: false });
});
