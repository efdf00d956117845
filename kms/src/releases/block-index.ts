/**
 * What blocks a blob has, for devices that have some of them (protocol/src/block-index.ts): made when a device first asks, one at a time, and kept, so that no
 * asking costs more than one pass over a blob.
 */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { blockDigest, blockDigestBytes, blockIndexBytes, indexedBlockBytes } from "@bulkhead/protocol";
import { writeWhole } from "../files.ts";

type Stored = {
  lengthOf(digest: string): Promise<number | undefined>;
  read(digest: string): AsyncIterable<Buffer>;
};

/** Answers a function that gives the index of a blob; undefined where there is none. `directory`: where they are kept. */
export async function createBlockIndexes(
  directory: string,
  blobs: Stored,
): Promise<(digest: string) => Promise<Buffer | undefined>> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const underWay = new Map<string, Promise<Buffer>>();
  let last: Promise<unknown> = Promise.resolve();

  async function kept(digest: string, sizeBytes: number): Promise<Buffer | undefined> {
    const index = await readFile(join(directory, digest)).catch(() => undefined);
    return index?.length === sizeBytes ? index : undefined;
  }

  async function make(digest: string, sizeBytes: number): Promise<Buffer> {
    const index = await indexOf(blobs.read(digest), sizeBytes);
    // A disk without room costs who asks next another pass.
    await writeWhole(join(directory, digest), index).catch(() => undefined);
    return index;
  }

  function begin(digest: string, sizeBytes: number): Promise<Buffer> {
    const made = last.then(() => make(digest, sizeBytes)).finally(() => underWay.delete(digest));
    underWay.set(digest, made);
    last = made.catch(() => undefined);
    return made;
  }

  return async (digest) => {
    const sizeBytes = blockIndexBytes((await blobs.lengthOf(digest)) ?? 0);
    if (sizeBytes === undefined) return undefined;
    const ready = await kept(digest, sizeBytes);
    return ready ?? underWay.get(digest) ?? begin(digest, sizeBytes);
  };
}

async function indexOf(bytes: AsyncIterable<Buffer>, sizeBytes: number): Promise<Buffer> {
  const index = Buffer.alloc(sizeBytes);
  let at = 0;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of bytes) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const whole = rest.length - (rest.length % indexedBlockBytes);
    for (let block = 0; block < whole; block += indexedBlockBytes, at += blockDigestBytes) {
      index.writeUIntBE(blockDigest(rest.subarray(block, block + indexedBlockBytes)), at, blockDigestBytes);
    }
    rest = rest.subarray(whole);
  }
  return index;
}
