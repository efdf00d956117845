/** A small image with a partition table, a partition `identity`, a block map and papers, for tests. */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const blockBytes = 4096;
const mebibyte = 1024 * 1024;

export type TestImage = { readonly file: string; readonly bytes: Buffer; readonly identityByte: number };

/** Mapped are the table, the identity's place (zeroes), and two stretches that differ by `seed`; the rest is not. */
export function makeImage(
  directory: string,
  { board = "qemu-virt-arm64", sizeMiB = 24, seed = 1, isIdentityMapped = true } = {},
): TestImage {
  const bytes = Buffer.alloc(sizeMiB * mebibyte);
  const identityByte = 4 * mebibyte;
  table(bytes, identityByte);
  const all: [number, number][] = [
    [0, 34 * 512],
    [mebibyte, 3 * mebibyte],
    [identityByte, identityByte + mebibyte],
    [8 * mebibyte, (sizeMiB - 1) * mebibyte],
    [bytes.length - 5 * blockBytes, bytes.length],
  ];
  const stretches = all.filter(([from]) => isIdentityMapped || from !== identityByte);
  for (const [start, end] of stretches.filter(([from]) => from !== 0 && from !== identityByte))
    noise(bytes.subarray(start, end), seed + start);
  const file = join(directory, `${board}.img`);
  const map = blockMap(bytes, stretches);
  writeFileSync(file, bytes);
  writeFileSync(join(directory, `${board}.bmap`), map);
  writeFileSync(join(directory, `${board}.provenance.json`), papers(board, bytes, map));
  return { file, bytes, identityByte };
}

function table(bytes: Buffer, identityByte: number): void {
  const header = bytes.subarray(512, 1024);
  header.write("EFI PART", 0, "latin1");
  header.writeBigUInt64LE(2n, 72);
  header.writeUInt32LE(128, 80);
  header.writeUInt32LE(128, 84);
  const entry = bytes.subarray(1024 + 128, 1024 + 256);
  entry.writeBigUInt64LE(BigInt(identityByte / 512), 32);
  entry.writeBigUInt64LE(BigInt((identityByte + mebibyte) / 512 - 1), 40);
  entry.write("identity", 56, "utf16le");
}

/** The same bytes for the same seed. */
function noise(bytes: Buffer, seed: number): void {
  let block = createHash("sha512").update(`${seed}`).digest();
  for (let at = 0; at < bytes.length; at += block.length) {
    if (at % 65_536 === 0) block = createHash("sha512").update(block).digest();
    block.copy(bytes, at);
  }
}

export function blockMap(bytes: Buffer, stretches: readonly (readonly [number, number])[]): string {
  const lines = stretches.map(([start, end]) => {
    const [first, last] = [Math.floor(start / blockBytes), Math.ceil(end / blockBytes) - 1];
    const digest = sha256(bytes.subarray(first * blockBytes, (last + 1) * blockBytes));
    return {
      text: `<Range chksum="${digest}">${first === last ? first : `${first}-${last}`}</Range>`,
      count: last - first + 1,
    };
  });
  const text = [
    '<bmap version="2.0">',
    `<ImageSize>${bytes.length}</ImageSize>`,
    `<BlockSize>${blockBytes}</BlockSize>`,
    `<BlocksCount>${Math.ceil(bytes.length / blockBytes)}</BlocksCount>`,
    `<MappedBlocksCount>${lines.reduce((sum, { count }) => sum + count, 0)}</MappedBlocksCount>`,
    "<ChecksumType>sha256</ChecksumType>",
    `<BmapFileChecksum>${"0".repeat(64)}</BmapFileChecksum>`,
    ...lines.map((line) => line.text),
    "</bmap>",
  ].join("\n");
  return text.replace("0".repeat(64), sha256(text));
}

function papers(board: string, bytes: Buffer, map: string): string {
  const subject = [
    { name: `${board}.img`, digest: { sha256: sha256(bytes) } },
    { name: `${board}.bmap`, digest: { sha256: sha256(map) } },
  ];
  return JSON.stringify({ subject, predicate: { buildDefinition: { externalParameters: { board } } } });
}

function sha256(data: Buffer | string): string {
  return createHash("sha256").update(data).digest("hex");
}
