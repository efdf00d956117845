/** The blocks that the device has: of the slot that runs, read only. What they hold anybody can have (decision 59). */
import { type FileHandle, open } from "node:fs/promises";
import { BulkheadError, blockDigest, indexedBlockBytes } from "@bulkhead/protocol";
import type { Place } from "./finder.ts";

/** 64 blocks: hashing them holds the slowest board up for some 10 ms. */
const chunkBytes = 256 * 1024;
const chunkBlocks = chunkBytes / indexedBlockBytes;

const zeroes = Buffer.alloc(chunkBytes);

/** Files, or partitions, of which some may not be there. */
export type OldBlocks = readonly string[];

/** Tells of each block its digest and place; what cannot be read is not there. `signal` ends it. */
export async function lookThrough(
  old: OldBlocks,
  found: (digest: number, place: Place) => void,
  signal: AbortSignal,
): Promise<void> {
  const chunk = Buffer.alloc(chunkBytes);
  for (const [source, path] of old.entries()) {
    const file = await open(path, "r").catch(() => undefined);
    try {
      for (let block = 0; file !== undefined && !signal.aborted; block += chunkBlocks) {
        const blocks = await readBlocks(file, chunk, block).catch(() => 0);
        for (const [at, digest] of digestsOf(chunk, blocks)) found(digest, 1 + (block + at) * old.length + source);
        if (blocks < chunkBlocks) break;
      }
    } finally {
      await file?.close();
    }
  }
}

/** Of the first `blocks` of a chunk. Half of a partition may be empty: of a chunk of zeroes one block says as much as all. */
function* digestsOf(chunk: Buffer, blocks: number): Generator<[number, number]> {
  const count = blocks === chunkBlocks && chunk.equals(zeroes) ? 1 : blocks;
  for (let at = 0; at < count; at += 1) {
    yield [at, blockDigest(chunk.subarray(at * indexedBlockBytes, (at + 1) * indexedBlockBytes))];
  }
}

export type OldReader = {
  /** The blocks at `places`, in chunks of any size, each in the memory of the one before. Throws FILE_UNREADABLE. */
  read(places: Uint32Array): AsyncGenerator<Buffer>;
  close(): Promise<void>;
};

export function openOld(old: OldBlocks): OldReader {
  const files = new Map<number, FileHandle>();
  const chunk = Buffer.alloc(chunkBytes);

  async function fileOf(source: number): Promise<FileHandle> {
    const opened = files.get(source) ?? (await open(old[source] ?? "", "r"));
    files.set(source, opened);
    return opened;
  }

  /** `count` blocks that lie one behind the other. */
  async function readRun(first: Place, count: number): Promise<Buffer> {
    const [source, block] = [(first - 1) % old.length, Math.floor((first - 1) / old.length)];
    const bytes = chunk.subarray(0, count * indexedBlockBytes);
    try {
      if ((await readBlocks(await fileOf(source), bytes, block)) === count) return bytes;
    } catch (cause) {
      throw unreadable(old[source], cause);
    }
    throw unreadable(old[source]);
  }

  return {
    async *read(places) {
      for (let at = 0; at < places.length; ) {
        const first = places[at] ?? 0;
        let count = 1;
        while (count < chunkBlocks && places[at + count] === first + count * old.length) count += 1;
        yield await readRun(first, count);
        at += count;
      }
    },
    async close() {
      for (const file of files.values()) await file.close();
    },
  };
}

/** As many whole blocks as there are, from block `first` on. */
async function readBlocks(file: FileHandle, into: Buffer, first: number): Promise<number> {
  let filled = 0;
  while (filled < into.length) {
    const { bytesRead } = await file.read(into, filled, into.length - filled, first * indexedBlockBytes + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return Math.floor(filled / indexedBlockBytes);
}

const unreadable = (path: string | undefined, cause?: unknown) =>
  new BulkheadError("FILE_UNREADABLE", `what was found in ${path} cannot be read any more`, { cause });
