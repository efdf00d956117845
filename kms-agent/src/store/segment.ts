/**
 * A segment: a file of one record a line, each with a checksum of its own, in the order in which they were stored. What a
 * power cut left unfinished at its end is no record. Pure.
 */
import { crc32 } from "node:zlib";
import { type Loss, lossesSchema } from "@bulkhead/protocol";
import { z } from "zod";

/** `lost`: what was lost directly before this one. */
export type Entry = { readonly lost: readonly Loss[]; readonly item: unknown };

/** An entry as a line; the checksum is over the rest of the line. */
export function formatEntry({ lost, item }: Entry): string {
  const text = JSON.stringify([lost, item]);
  return `${checksum(text)} ${text}\n`;
}

const entrySchema = z.tuple([lossesSchema, z.json()]);

/** The entries of a segment up to the first that is damaged or not finished. Never throws. */
export function parseSegment(content: string): Entry[] {
  const entries: Entry[] = [];
  let from = 0;
  for (let end = content.indexOf("\n"); end !== -1; end = content.indexOf("\n", from)) {
    const entry = parseLine(content.slice(from, end));
    if (!entry) break;
    entries.push(entry);
    from = end + 1;
  }
  return entries;
}

function parseLine(line: string): Entry | undefined {
  const text = line.slice(9);
  if (line[8] !== " " || checksum(text) !== line.slice(0, 8)) return undefined;
  try {
    const [lost, item] = entrySchema.parse(JSON.parse(text));
    return { lost, item };
  } catch {
    return undefined;
  }
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}

const segmentName = /^(\d{15})\.segment$/;

/** Names sort as their first entries' numbers do. */
export function nameOfSegment(first: number): string {
  return `${String(first).padStart(15, "0")}.segment`;
}

/** The number of a segment's first entry; undefined for what is no segment. */
export function firstOf(name: string): number | undefined {
  const match = segmentName.exec(name);
  return match ? Number(match[1]) : undefined;
}
