/**
 * Reads MessagePack that nobody vouches for. What decoding takes is bounded by what was sent: nothing is allocated for
 * a size that is only announced, every value needs a byte of its own, and their number and depth are limited.
 * Source of the format: MessagePack specification (msgpack/spec.md), section "Formats".
 */

import { maxDepth, maxValues } from "./limits.ts";
import { createTextCache } from "./text-cache.ts";

const shortText = 16;
const keys = createTextCache();

// Of the message that is being read. Shared by all channels: reading never yields.
let bytes: Buffer = Buffer.alloc(0);
let at = 0;
let end = 0;
let isOurs = false;
let values = 0;

/** What was read is no MessagePack message that a channel may carry. */
export class Malformed extends Error {}

/**
 * The one value that lies in `source` from `from` to `to`. `mayKeep`: `source` is used for nothing else, so that a binary
 * member which is most of it may be a view of it; else nothing of the value keeps `source`.
 *
 * @throws Malformed
 */
export function decode(source: Buffer, from: number, to: number, mayKeep = false): unknown {
  bytes = source;
  at = from;
  end = to;
  isOurs = mayKeep;
  values = 0;
  const value = read(0);
  if (at !== end) throw new Malformed("bytes follow the message");
  return value;
}

function read(depth: number): unknown {
  if (at >= end) throw new Malformed("the message ends too early");
  const lead = bytes[at++] as number;
  if (lead < 0x80) return lead;
  if (lead >= 0xe0) return lead - 0x100;
  if (lead >= 0xc0) return readLong(lead, depth);
  if (lead >= 0xa0) return readText(lead & 0x1f);
  if (lead >= 0x90) return readArray(lead & 0x0f, depth);
  return readMap(lead & 0x0f, depth);
}

function readLong(lead: number, depth: number): unknown {
  switch (lead) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xc4:
      return readBinary(readNatural(1));
    case 0xc5:
      return readBinary(readNatural(2));
    case 0xc6:
      return readBinary(readNatural(4));
    case 0xd9:
      return readText(readNatural(1));
    case 0xda:
      return readText(readNatural(2));
    case 0xdb:
      return readText(readNatural(4));
    case 0xdc:
      return readArray(readNatural(2), depth);
    case 0xdd:
      return readArray(readNatural(4), depth);
    case 0xde:
      return readMap(readNatural(2), depth);
    case 0xdf:
      return readMap(readNatural(4), depth);
    default:
      return readNumber(lead);
  }
}

function readNumber(lead: number): number {
  switch (lead) {
    case 0xca:
      return bytes.readFloatBE(take(4));
    case 0xcb:
      return bytes.readDoubleBE(take(8));
    case 0xcc:
      return readNatural(1);
    case 0xcd:
      return readNatural(2);
    case 0xce:
      return readNatural(4);
    case 0xcf:
      return readNatural(4) * 0x1_0000_0000 + readNatural(4);
    case 0xd0:
      return bytes.readInt8(take(1));
    case 0xd1:
      return bytes.readInt16BE(take(2));
    case 0xd2:
      return bytes.readInt32BE(take(4));
    case 0xd3:
      return bytes.readInt32BE(take(4)) * 0x1_0000_0000 + readNatural(4);
    default:
      // 0xc1 is never used, and extension types (0xc7-0xc9, 0xd4-0xd8) have no meaning on a channel.
      throw new Malformed(`the lead byte ${lead} has no meaning`);
  }
}

/** Moves over `count` bytes and says where they began. */
function take(count: number): number {
  const from = at;
  if (count > end - from) throw new Malformed("the message ends too early");
  at = from + count;
  return from;
}

function readNatural(width: 1 | 2 | 4): number {
  const from = take(width);
  if (width === 1) return bytes[from] as number;
  return width === 2 ? bytes.readUInt16BE(from) : bytes.readUInt32BE(from);
}

function readBinary(sizeBytes: number): Uint8Array {
  const from = take(sizeBytes);
  if (isOurs && 2 * sizeBytes > bytes.length) return new Uint8Array(bytes.buffer, bytes.byteOffset + from, sizeBytes);
  // A plain array of its own: the bytes that it was read from are used again.
  return new Uint8Array(bytes.buffer.slice(bytes.byteOffset + from, bytes.byteOffset + at) as ArrayBuffer);
}

function readText(sizeBytes: number): string {
  const from = take(sizeBytes);
  if (sizeBytes > shortText) return bytes.toString("utf8", from, at);
  let text = "";
  for (let i = from; i < at; i++) {
    const code = bytes[i] as number;
    if (code > 0x7f) return bytes.toString("utf8", from, at);
    text += String.fromCharCode(code);
  }
  return text;
}

function readArray(length: number, depth: number): unknown[] {
  deeper(length, depth);
  const items: unknown[] = [];
  for (let i = 0; i < length; i++) items.push(read(depth + 1));
  return items;
}

function readMap(length: number, depth: number): Record<string, unknown> {
  deeper(length, depth);
  const map: Record<string, unknown> = {};
  for (let i = 0; i < length; i++) {
    const key = readKey();
    if (key === "__proto__") throw new Malformed("a member is called __proto__");
    map[key] = read(depth + 1);
  }
  return map;
}

/** Arrays and maps grow as their values are read, so that an announced size by itself takes nothing. */
function deeper(announced: number, depth: number): void {
  if (announced > 0 && depth >= maxDepth) throw new Malformed(`more than ${maxDepth} levels`);
  values += announced;
  if (values > maxValues) throw new Malformed(`more than ${maxValues} values`);
}

function readKey(): string {
  if (at >= end) throw new Malformed("the message ends too early");
  const lead = bytes[at++] as number;
  if (lead >= 0xa0 && lead < 0xc0) {
    const size = lead & 0x1f;
    return keys.read(bytes, take(size), size);
  }
  if (lead === 0xd9) return readText(readNatural(1));
  if (lead === 0xda) return readText(readNatural(2));
  throw new Malformed("the name of a member is no text");
}
