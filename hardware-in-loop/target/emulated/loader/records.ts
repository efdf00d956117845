/** The two records of slots on a card: where they lie, read and written while nobody else has the card. */
import { open } from "node:fs/promises";
import { decodeRecord, recordBytes, type SlotRecord } from "@bulkhead/runtime";
import { partition } from "../../../../studio/src/image/disk/layout.ts";

const places = [partition("state-0").startBytes, partition("state-1").startBytes] as const;

/** Undefined: what is there is not whole. */
export async function readRecords(file: string): Promise<[SlotRecord | undefined, SlotRecord | undefined]> {
  const card = await open(file, "r");
  const readOne = async (at: number) =>
    decodeRecord((await card.read(Buffer.alloc(recordBytes), 0, recordBytes, at)).buffer);
  try {
    return [await readOne(places[0]), await readOne(places[1])];
  } finally {
    await card.close();
  }
}

/** `block`: a record as the card has it, or what is none. */
export async function putRecord(file: string, place: 0 | 1, block: Buffer): Promise<void> {
  const card = await open(file, "r+");
  try {
    await card.write(block, 0, recordBytes, places[place]);
    await card.datasync();
  } finally {
    await card.close();
  }
}
