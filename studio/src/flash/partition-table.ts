/** Finds a partition of an image by its name, in its GUID partition table (UEFI specification 2.10, section 5.3). */
import type { FileHandle } from "node:fs/promises";

const sectorBytes = 512;

/** Its bytes; undefined where the image has no such table or no such partition. */
export async function findPartition(
  image: FileHandle,
  name: string,
): Promise<{ startByte: number; endByte: number } | undefined> {
  const header = await readAt(image, sectorBytes, 92);
  if (header.toString("latin1", 0, 8) !== "EFI PART") return undefined;
  const first = Number(header.readBigUInt64LE(72)) * sectorBytes;
  const [count, size] = [header.readUInt32LE(80), header.readUInt32LE(84)];
  // What the specification allows at least, and far more than a board has.
  if (size < 128 || size > 4096 || count > 1024) return undefined;
  const entries = await readAt(image, first, count * size);
  for (let at = 0; at + 128 <= entries.length; at += size) {
    const entry = entries.subarray(at, at + 128);
    if (entry.toString("utf16le", 56, 128).replace(/\0.*$/s, "") !== name) continue;
    const [start, last] = [Number(entry.readBigUInt64LE(32)), Number(entry.readBigUInt64LE(40))];
    if (last >= start) return { startByte: start * sectorBytes, endByte: (last + 1) * sectorBytes };
  }
  return undefined;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return bytesRead === length ? buffer : Buffer.alloc(length);
}
