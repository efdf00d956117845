/**
 * Writes MessagePack into memory that all channels of the process share (slabs.ts). Numbers take their shortest form; an undefined member is an absent one, as in JSON.
 * Source of the format: MessagePack specification (msgpack/spec.md), section "Formats".
 */
import { maxDepth, maxValues } from "./limits.ts";
import { currentSlab, type Slab, slabFor } from "./slabs.ts";

/** Longer texts are left to the engine; for shorter ones the way there costs more than it saves. */
const shortText = 40;

// Of the message that is being written: writing never yields.
let slab = currentSlab();
let bytes = slab.bytes;
let start = 0;
let end = 0;
let limit = 0;
let values = 0;

/** The message would be larger than was allowed. */
export class TooLarge extends Error {
  readonly sizeBytes: number;
  constructor(sizeBytes: number) {
    super(`larger than ${sizeBytes} bytes`);
    this.sizeBytes = sizeBytes;
  }
}

/** A message and the slab that it lies in until `settle` is called for it. */
export type Encoded = { readonly slab: Slab; readonly start: number; readonly end: number };

/**
 * The MessagePack form of `value` behind `headBytes` that are left for the caller, at most `maxBytes` without them.
 *
 * @throws TooLarge, or a TypeError for what has no form: functions, big integers, circles, dates and the like
 */
export function encode(value: unknown, headBytes: number, maxBytes: number): Encoded {
  slab = currentSlab();
  bytes = slab.bytes;
  start = slab.end;
  end = start;
  limit = headBytes + maxBytes;
  values = 0;
  reserve(headBytes);
  end += headBytes;
  write(value, 0);
  slab.end = end;
  slab.pending++;
  return { slab, start, end };
}

function reserve(count: number): void {
  const needed = end - start + count;
  if (needed > limit) throw new TooLarge(needed);
  if (end + count <= bytes.length) return;
  const next = slabFor(2 * needed <= bytes.length ? 2 * needed : needed);
  next.bytes.set(bytes.subarray(start, end), next.end);
  end = next.end + end - start;
  start = next.end;
  slab = next;
  bytes = next.bytes;
}

function write(value: unknown, depth: number): void {
  switch (typeof value) {
    case "string":
      writeText(value);
      break;
    case "number":
      writeNumber(value);
      break;
    case "boolean":
      writeByte(value ? 0xc3 : 0xc2);
      break;
    case "undefined":
      writeByte(0xc0);
      break;
    case "object":
      if (value === null) writeByte(0xc0);
      else writeObject(value, depth);
      break;
    default:
      throw new TypeError(`a ${typeof value} has no MessagePack form`);
  }
}

function writeByte(byte: number): void {
  reserve(1);
  bytes[end++] = byte;
}

function writeNumber(value: number): void {
  reserve(9);
  if (!Number.isSafeInteger(value)) {
    bytes[end] = 0xcb;
    end = bytes.writeDoubleBE(value, end + 1);
  } else if (value >= 0) writeNatural(value);
  else writeNegative(value);
}

function writeNatural(value: number): void {
  if (value < 0x80) bytes[end++] = value;
  else if (value < 0x1_0000_0000) writeSize(value, 0xcc, 0xcd, 0xce);
  else {
    bytes[end] = 0xcf;
    end = writeHighAndLow(value);
  }
}

function writeNegative(value: number): void {
  if (value >= -0x20) bytes[end++] = value + 0x100;
  else if (value >= -0x80) {
    bytes[end] = 0xd0;
    end = bytes.writeInt8(value, end + 1);
  } else if (value >= -0x8000) {
    bytes[end] = 0xd1;
    end = bytes.writeInt16BE(value, end + 1);
  } else if (value >= -0x8000_0000) {
    bytes[end] = 0xd2;
    end = bytes.writeInt32BE(value, end + 1);
  } else {
    bytes[end] = 0xd3;
    end = writeHighAndLow(value);
  }
}

/** Two's complement of eight bytes behind the lead byte. */
function writeHighAndLow(value: number): number {
  const high = Math.floor(value / 0x1_0000_0000);
  bytes.writeInt32BE(high | 0, end + 1);
  return bytes.writeUInt32BE(value - high * 0x1_0000_0000, end + 5);
}

/** A number of up to four bytes behind the lead byte of its width; room for five bytes is there. `lead8` 0: none. */
function writeSize(size: number, lead8: number, lead16: number, lead32: number): void {
  if (size < 0x100 && lead8 !== 0) {
    bytes[end++] = lead8;
    bytes[end++] = size;
  } else if (size < 0x1_0000) {
    bytes[end++] = lead16;
    bytes[end++] = size >>> 8;
    bytes[end++] = size & 0xff;
  } else {
    bytes[end] = lead32;
    end = bytes.writeUInt32BE(size, end + 1);
  }
}

function writeText(text: string): void {
  const { length } = text;
  if (length < 32) {
    reserve(1 + length);
    if (tryAscii(text, length)) return;
  }
  const sizeBytes = Buffer.byteLength(text);
  reserve(5 + sizeBytes);
  if (sizeBytes < 32) bytes[end++] = 0xa0 | sizeBytes;
  else writeSize(sizeBytes, 0xd9, 0xda, 0xdb);
  if (length >= shortText || sizeBytes !== length) end += bytes.write(text, end);
  else for (let i = 0; i < length; i++) bytes[end++] = text.charCodeAt(i);
}

/** Writes a text of less than 32 characters where all are of one byte; else nothing. */
function tryAscii(text: string, length: number): boolean {
  let at = end;
  bytes[at++] = 0xa0 | length;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return false;
    bytes[at++] = code;
  }
  end = at;
  return true;
}

function writeObject(value: object, depth: number): void {
  if (depth >= maxDepth) throw new TypeError(`more than ${maxDepth} levels, or a circle`);
  if (Array.isArray(value)) writeArray(value, depth);
  else if (ArrayBuffer.isView(value)) writeBinary(value);
  else writeMap(value as Record<string, unknown>, depth);
}

function count(more: number): void {
  values += more;
  if (values > maxValues) throw new TypeError(`more than ${maxValues} values`);
}

function writeArray(items: readonly unknown[], depth: number): void {
  const { length } = items;
  count(length);
  reserve(5);
  if (length < 16) bytes[end++] = 0x90 | length;
  else writeSize(length, 0, 0xdc, 0xdd);
  for (let i = 0; i < length; i++) write(items[i], depth + 1);
}

function writeBinary(view: ArrayBufferView): void {
  reserve(5 + view.byteLength);
  writeSize(view.byteLength, 0xc4, 0xc5, 0xc6);
  bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), end);
  end += view.byteLength;
}

function writeMap(map: Record<string, unknown>, depth: number): void {
  if (map instanceof Date || map instanceof Map || map instanceof Set || map instanceof ArrayBuffer) {
    throw new TypeError(`a ${map.constructor.name} has no MessagePack form`);
  }
  const keys = Object.keys(map);
  let members = keys.length;
  for (let i = 0; i < keys.length; i++) if (map[keys[i] as string] === undefined) members--;
  count(members);
  reserve(5);
  if (members < 16) bytes[end++] = 0x80 | members;
  else writeSize(members, 0, 0xde, 0xdf);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    const member = map[key];
    if (member === undefined) continue;
    writeText(key);
    write(member, depth + 1);
  }
}
