/**
 * The block map of an image (bmap-tools' format, version 2.0): which blocks a writer must bring to a card, with a digest of each stretch.
 * By layout, not by holes: an empty record is content, for a card may have held another.
 */
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import type { Stretch } from "./disk.ts";

const blockBytes = 4096;

type Range = { readonly first: number; readonly last: number; readonly digest: string };

/** The text of the map of `file`, whose size is a multiple of 4096. */
export async function makeBmap(file: string, stretches: readonly Stretch[]): Promise<string> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    const ranges: Range[] = [];
    for (const { first, last } of blocksOf(stretches)) {
      ranges.push({
        first,
        last,
        digest: await digestOf(handle, first * blockBytes, Math.min((last + 1) * blockBytes, size)),
      });
    }
    const text = document(size, ranges, "0".repeat(64));
    // The map's own digest is that of its text with zeroes in the digest's place.
    return text.replace("0".repeat(64), createHash("sha256").update(text).digest("hex"));
  } finally {
    await handle.close();
  }
}

/** In whole blocks, without overlaps. */
function blocksOf(stretches: readonly Stretch[]): { first: number; last: number }[] {
  const result: { first: number; last: number }[] = [];
  for (const { startBytes, sizeBytes } of stretches) {
    const first = Math.floor(startBytes / blockBytes);
    const last = Math.ceil((startBytes + sizeBytes) / blockBytes) - 1;
    const before = result.at(-1);
    if (before !== undefined && first <= before.last + 1) before.last = Math.max(before.last, last);
    else result.push({ first, last });
  }
  return result;
}

async function digestOf(handle: FileHandle, start: number, end: number): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of handle.createReadStream({
    start,
    end: end - 1,
    autoClose: false,
    highWaterMark: 1 << 20,
  })) {
    hash.update(chunk as Buffer);
  }
  return hash.digest("hex");
}

function document(size: number, ranges: readonly Range[], own: string): string {
  const mapped = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const lines = ranges.map(
    ({ first, last, digest }) =>
      `        <Range chksum="${digest}">${first === last ? first : `${first}-${last}`}</Range>`,
  );
  return `<?xml version="1.0" ?>
<bmap version="2.0">
    <ImageSize>${size}</ImageSize>
    <BlockSize>${blockBytes}</BlockSize>
    <BlocksCount>${Math.ceil(size / blockBytes)}</BlocksCount>
    <MappedBlocksCount>${mapped}</MappedBlocksCount>
    <ChecksumType>sha256</ChecksumType>
    <BmapFileChecksum>${own}</BmapFileChecksum>
    <BlockMap>
${lines.join("\n")}
    </BlockMap>
</bmap>
`;
}
