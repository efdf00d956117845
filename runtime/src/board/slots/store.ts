/** Reads and writes the record of slots on the board's disk: always over the older of the two, so that one is whole whenever the power goes. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { BulkheadError } from "@bulkhead/protocol";
import { decodeRecord, encodeRecord, newerOf, nextTurn, recordBytes, type SlotRecord } from "./record.ts";

/** The two partitions' device files, or files that stand for them. */
export type RecordPlaces = readonly [string, string];

/** What counts; a board whose records are both gone starts slot a, as its boot script has it. */
export async function readSlots(places: RecordPlaces): Promise<SlotRecord> {
  const records = await readBoth(places);
  const newer = newerOf(...records);
  return (newer === undefined ? undefined : records[newer]) ?? { turn: "0", current: "a" };
}

/** Resolves when the record is on the disk. Throws STATE_UNWRITABLE. */
export async function writeSlots(places: RecordPlaces, change: Omit<SlotRecord, "turn">): Promise<SlotRecord> {
  const records = await readBoth(places);
  const newer = newerOf(...records) ?? 1;
  const record = { turn: nextTurn(records[newer]?.turn ?? "2"), ...change };
  const place = places[newer === 0 ? 1 : 0];
  try {
    const file = await open(place, constants.O_WRONLY | constants.O_SYNC);
    await file.write(encodeRecord(record), 0, recordBytes, 0).finally(() => file.close());
  } catch (cause) {
    throw new BulkheadError("STATE_UNWRITABLE", `the record of slots cannot be written to ${place}`, { cause });
  }
  return record;
}

async function readBoth(places: RecordPlaces): Promise<[SlotRecord | undefined, SlotRecord | undefined]> {
  return [await readOne(places[0]), await readOne(places[1])];
}

async function readOne(place: string): Promise<SlotRecord | undefined> {
  const block = Buffer.alloc(recordBytes);
  try {
    const file = await open(place, "r");
    await file.read(block, 0, recordBytes, 0).finally(() => file.close());
  } catch {
    return undefined;
  }
  return decodeRecord(block);
}
