/** A base system waits for the root server's word on its slot, and not where there is nothing that would be said. */
import { expect, test } from "vitest";
import type { SlotRecord } from "./record.ts";
import { untilSettled } from "./settled.ts";

const running = { slot: "b", other: "a", base: "b".repeat(64), asTrial: true } as const;
const onTrial: SlotRecord = { turn: "0", current: "a", trying: "b", tries: "ii" };

/** A board on slot b whose record of slots is each of these in turn; the last stays. */
function board(...records: readonly SlotRecord[]) {
  const seen = { looks: 0 };
  const read = async () => records[Math.min(seen.looks++, records.length - 1)] ?? onTrial;
  return { seen, slots: { running, read } };
}

test("[K18] a slot on trial is not waited for where the components are not ready: the board is to start again", async () => {
  const { slots } = board(onTrial, { turn: "1", current: "b" });
  await expect(untilSettled(slots, () => false, 0)).rejects.toMatchObject({
    code: "BASE_SYSTEM_FAILED",
    message: "the components are not ready, and slot b is on trial",
  });
});

test("[K18] a slot on trial is waited for until it is the current one, whatever becomes of the components meanwhile", async () => {
  const { seen, slots } = board(onTrial, onTrial, { turn: "1", current: "b" });
  let asked = 0;
  expect(await untilSettled(slots, () => asked++ === 0, 0)).toBe("b");
  expect(seen.looks).toBe(3);
});

test("[K18] of a slot that is not on trial nobody asks how its components are", async () => {
  const isWell = () => {
    throw new Error("it was asked");
  };
  for (const record of [
    { turn: "0", current: "b" },
    { ...onTrial, current: "b", trying: "a" },
  ] as const)
    expect(await untilSettled(board(record).slots, isWell, 0)).toBe("b");
});
