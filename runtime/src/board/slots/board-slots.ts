/** The slots of the board that this is: which runs, what the records say, and how the other is filled. Whoever decides on them is above (decision 59). */
import { readFile } from "node:fs/promises";
import { type BaseSystem, BulkheadError } from "@bulkhead/protocol";
import { findPartition } from "../partitions.ts";
import { fillSlot, holdsBase, type SlotPlaces } from "./fill.ts";
import type { SlotName, SlotRecord } from "./record.ts";
import { type RunningSlot, runningSlot } from "./running.ts";
import { type RecordPlaces, readSlots, writeSlots } from "./store.ts";

export type BoardSlots = {
  readonly running: RunningSlot;
  read(): Promise<SlotRecord>;
  /** The boot script's record from now on. Throws STATE_UNWRITABLE. */
  write(change: Omit<SlotRecord, "turn">): Promise<void>;
  /** The running slot is not yet what the boot script starts by itself. */
  isOnTrial(): boolean;
  /** Whether the other slot holds `base`, by its bytes. */
  otherHolds(base: BaseSystem): Promise<boolean>;
  /** Where the parts of the slot that runs are. */
  runningParts(): Promise<SlotPlaces>;
  /** Fills the other slot with what `fromDir` has under its digests; throws what `fillSlot` throws, CONFLICT while the running one is on trial. */
  fillOther(base: BaseSystem, fromDir: string): Promise<void>;
};

/** Places of a disk; a test's are files. */
export type SlotDisk = {
  readonly words: string;
  records(): Promise<RecordPlaces>;
  parts(slot: SlotName): Promise<SlotPlaces>;
};

const boardDisk = async (): Promise<SlotDisk> => ({
  words: await readFile("/proc/cmdline", "utf8").catch(() => ""),
  records: async () => [await findPartition("state-0"), await findPartition("state-1")],
  parts: async (slot) => ({ boot: await findPartition(`boot-${slot}`), root: await findPartition(`root-${slot}`) }),
});

/** Null where this is no board with slots. Throws FILE_UNREADABLE where it is one, and its disk has no such partitions. */
export async function openSlots(disk?: SlotDisk): Promise<BoardSlots | null> {
  const { words, ...places } = disk ?? (await boardDisk());
  const running = runningSlot(words);
  if (running === null) return null;
  const records = await places.records();
  let onTrial = running.asTrial && (await readSlots(records)).trying === running.slot;
  return {
    running,
    read: () => readSlots(records),
    async write(change) {
      await writeSlots(records, change);
      onTrial = change.trying === running.slot;
    },
    isOnTrial: () => onTrial,
    otherHolds: async (base) => holdsBase(await places.parts(running.other), base),
    runningParts: () => places.parts(running.slot),
    async fillOther(base, fromDir) {
      // It is what the board goes back to.
      if (onTrial) throw new BulkheadError("CONFLICT", `slot ${running.slot} is on trial itself`);
      await fillSlot(await places.parts(running.other), base, fromDir);
    },
  };
}
