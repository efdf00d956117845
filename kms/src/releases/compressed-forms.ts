/**
 * Blobs as small as brotli makes them, for devices that fetch them whole: made when a device first asks, one at a time, and kept, so that no asking costs
 * more than one compression of a blob.
 */
import { createReadStream } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { type BrotliOptions, brotliCompress, constants } from "node:zlib";
import { sha256 } from "@bulkhead/protocol";
import { writeWhole } from "../files.ts";

type Stored = {
  lengthOf(digest: string): Promise<number | undefined>;
  read(digest: string): AsyncIterable<Buffer>;
};
/** `lengthBytes` of 0: as it is, the blob is as small. */
export type CompressedForm = { readonly lengthBytes: number; read(): Readable };

/** A megabyte of text takes 1.2 s of processor (measured), and all of it is in memory. What is larger is compressed while it is sent. */
export const maxCompressedOnceBytes = 4 * 1024 * 1024;
/** A bundle of 280 kB takes 0.3 s. Who asks while more is being made gets it made while it is sent, as far as that goes. */
const patienceMs = 2_000;

/**
 * Answers a function that gives the small form of a blob; undefined where there is none, or none within `waitMs`. `directory`: where they are kept.
 */
export async function createCompressedForms(
  directory: string,
  blobs: Stored,
  waitMs: number = patienceMs,
): Promise<(digest: string) => Promise<CompressedForm | undefined>> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const underWay = new Map<string, Promise<void>>();
  /** A disk without room, or one that fails: not tried again at each asking. */
  const failed = new Set<string>();
  let last: Promise<unknown> = Promise.resolve();
  const pathOf = (digest: string) => join(directory, digest);

  async function kept(digest: string): Promise<CompressedForm | undefined> {
    const status = await stat(pathOf(digest)).catch(() => undefined);
    return status && { lengthBytes: status.size, read: () => createReadStream(pathOf(digest)) };
  }

  async function make(digest: string): Promise<void> {
    const content = await buffer(blobs.read(digest));
    // What is made of a damaged blob would outlive the blob's repair.
    if (sha256(content) !== digest) throw new Error(`blob ${digest} is damaged`);
    const small = await compress(content);
    await writeWhole(pathOf(digest), small.length < content.length ? small : "");
  }

  function begin(digest: string): Promise<void> {
    const made = last
      .then(() => make(digest))
      .catch(() => void failed.add(digest))
      .finally(() => underWay.delete(digest));
    underWay.set(digest, made);
    last = made;
    return made;
  }

  return async (digest) => {
    const lengthBytes = await blobs.lengthOf(digest);
    if (lengthBytes === undefined || lengthBytes > maxCompressedOnceBytes) return undefined;
    const ready = await kept(digest);
    if (ready || failed.has(digest)) return ready;
    const tired = new AbortController();
    const patience = delay(waitMs, undefined, { signal: tired.signal, ref: false }).catch(() => undefined);
    await Promise.race([underWay.get(digest) ?? begin(digest), patience]);
    tired.abort();
    return kept(digest);
  };
}

function compress(content: Buffer): Promise<Buffer> {
  const { BROTLI_PARAM_QUALITY, BROTLI_MAX_QUALITY, BROTLI_PARAM_SIZE_HINT } = constants;
  const params = { [BROTLI_PARAM_QUALITY]: BROTLI_MAX_QUALITY, [BROTLI_PARAM_SIZE_HINT]: content.length };
  return promisify<Buffer, BrotliOptions, Buffer>(brotliCompress)(content, { params });
}
