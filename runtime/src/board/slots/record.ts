/**
 * The record of slots, as the boot script reads and writes it (images/boot/boot.cmd): which slot is the current one, which is on trial and how
 * often it may be tried. A block in the form of U-Boot's environment: CRC-32 of what follows, then `name=value`, each ended by a zero byte.
 */
import { crc32 } from "node:zlib";
import { z } from "zod";

export const recordBytes = 512;
const checksumBytes = 4;
/** Tries are counted in strokes: the boot script's language has no numbers. */
export const fullTries = "iii";

const slotSchema = z.enum(["a", "b"]);
export type SlotName = z.infer<typeof slotSchema>;

const recordSchema = z.object({
  /** Of two records the one whose turn comes after the other's is newer: 0, 1, 2, 0, … */
  turn: z.enum(["0", "1", "2"]),
  current: slotSchema,
  trying: slotSchema.optional(),
  tries: z.enum(["i", "ii", "iii"]).optional(),
});
export type SlotRecord = z.infer<typeof recordSchema>;

export function encodeRecord(record: SlotRecord): Buffer {
  const block = Buffer.alloc(recordBytes);
  const text = Object.entries(record).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}\0`]));
  block.write(text.join(""), checksumBytes, "latin1");
  block.writeUInt32LE(crc32(block.subarray(checksumBytes)), 0);
  return block;
}

/** Undefined where the block is not whole: never written, or cut off while it was. */
export function decodeRecord(block: Buffer): SlotRecord | undefined {
  if (block.length < recordBytes) return undefined;
  const content = block.subarray(checksumBytes, recordBytes);
  if (crc32(content) !== block.readUInt32LE(0)) return undefined;
  const words = content.toString("latin1").split("\0\0", 1)[0]?.split("\0") ?? [];
  const pairs = words.map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]);
  return recordSchema.safeParse(Object.fromEntries(pairs)).data;
}

/** Which of the two counts: 0, 1, or undefined where neither is whole. */
export function newerOf(first: SlotRecord | undefined, second: SlotRecord | undefined): 0 | 1 | undefined {
  if (first === undefined) return second === undefined ? undefined : 1;
  if (second === undefined) return 0;
  return nextTurn(first.turn) === second.turn ? 1 : 0;
}

export function nextTurn(turn: SlotRecord["turn"]): SlotRecord["turn"] {
  return ({ "0": "1", "1": "2", "2": "0" } as const)[turn];
}
