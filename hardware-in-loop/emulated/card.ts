/**
 * Several disk images as the partitions of one memory card, without copying them: QEMU reads a VMDK descriptor (its "flat" extents are
 * files as they are), whose first extent is a partition table. What a guest writes QEMU keeps beside it, and forgets.
 */
import { stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";

const sectorBytes = 512;
/** The partition table, and what keeps the partitions aligned. */
const headSectors = 2048;
const linux = 0x83;

/** At most four. Each image is a whole number of sectors. The card's size is a power of two: QEMU's cards have no others. */
export async function writeCard(directory: string, images: readonly string[]): Promise<string> {
  const sectors = await Promise.all(images.map(async (path) => (await stat(path)).size / sectorBytes));
  const starts = sectors.map((_, index) => headSectors + sum(sectors.slice(0, index)));
  const table = join(directory, "card.table");
  await writeFile(table, partitionTable(starts.map((start, index) => ({ start, length: sectors[index] ?? 0 }))));
  const used = headSectors + sum(sectors);
  const whole = 2 ** Math.ceil(Math.log2(used));
  const rest = join(directory, "card.rest");
  await writeFile(rest, "");
  await truncate(rest, (whole - used) * sectorBytes);
  const extents = [
    extent(headSectors, table),
    ...images.map((path, index) => extent(sectors[index] ?? 0, path)),
    ...(whole > used ? [extent(whole - used, rest)] : []),
  ];
  const descriptor = join(directory, "card.vmdk");
  await writeFile(descriptor, `${[...head, ...extents, ...tail].join("\n")}\n`);
  return descriptor;
}

function extent(sectors: number, path: string): string {
  return `RW ${sectors} FLAT "${path}" 0`;
}

const head = ["# Disk DescriptorFile", "version=1", "CID=fffffffe", "parentCID=ffffffff"].concat(
  'createType="twoGbMaxExtentFlat"',
);
const tail = ["#DDB", 'ddb.virtualHWVersion = "4"', 'ddb.adapterType = "ide"'];

/** A master boot record: four entries of 16 bytes from byte 446, and a signature. */
function partitionTable(partitions: readonly { readonly start: number; readonly length: number }[]): Buffer {
  const table = Buffer.alloc(headSectors * sectorBytes);
  for (const [index, { start, length }] of partitions.entries()) {
    const entry = 446 + 16 * index;
    table.writeUInt8(linux, entry + 4);
    table.writeUInt32LE(start, entry + 8);
    table.writeUInt32LE(length, entry + 12);
  }
  table.writeUInt16LE(0xaa55, 510);
  return table;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
