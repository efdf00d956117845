/**
 * The release that a board begins with, in one piece: a head, the release's document, and the archives of its artifacts in the order in which the document names them. It
 * lies outside both slots, in a partition `factory` that only flashing writes (decision 62), and is taken once: what is there is held to the digest in its head, and stays.
 */
import { createReadStream } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { BulkheadError, digestSchema, maxReleaseBytes, type Release, releaseSchema, sha256 } from "@bulkhead/protocol";
import { z } from "zod";
import { installFactoryRelease, packTree, readRecord } from "../generations/index.ts";

const headBytes = 512;
const headSchema = z.strictObject({
  format: z.literal(1),
  /** Of the document, which is the release's. */
  digest: digestSchema,
  length: z.number().int().positive().max(maxReleaseBytes),
});

/** Of a release as it was built: `release.json` and `artifacts/<digest>`. The same release gives the same bytes; its papers are not among them. */
export function packFactory(releaseDir: string): Readable {
  return Readable.from(pack(releaseDir), { objectMode: false });
}

async function* pack(releaseDir: string): AsyncGenerator<Buffer> {
  const text = await readFile(join(releaseDir, "release.json"));
  const head = Buffer.alloc(headBytes);
  head.write(JSON.stringify(headSchema.parse({ format: 1, digest: sha256(text), length: text.length })));
  yield head;
  yield text;
  for (const { digest } of releaseSchema.parse(JSON.parse(text.toString("utf8"))).artifacts)
    yield* packTree(join(releaseDir, "artifacts", digest));
}

/**
 * Installs what `find` finds, on a board that has no release. Undefined where it has: then nothing is looked for. Cut off anywhere, it begins anew.
 * Throws RELEASE_INVALID, RELEASE_ARTIFACT_ALTERED, and what `find` throws.
 */
export async function beginWithFactory(dataDir: string, find: () => Promise<string>): Promise<Release | undefined> {
  if ((await readRecord(dataDir)) !== null) return undefined;
  const place = await find();
  const { release, endByte } = await readDocument(place);
  let start = endByte;
  try {
    await installFactoryRelease(dataDir, release, async ({ length }) => {
      start += length;
      return createReadStream(place, { start: start - length, end: start - 1 });
    });
  } catch (error) {
    throw error instanceof BulkheadError && damages.includes(error.code) ? altered(error.message) : error;
  }
  return release;
}

const damages: readonly string[] = ["RELEASE_INVALID", "RELEASE_ARTIFACT_ALTERED"];

async function readDocument(place: string): Promise<{ release: Release; endByte: number }> {
  const file = await open(place, "r");
  try {
    const read = async (start: number, length: number) =>
      (await file.read(Buffer.alloc(length), 0, length, start)).buffer;
    const { digest, length } = parse(headSchema, upToZero(await read(0, headBytes)));
    const text = await read(headBytes, length);
    if (sha256(text) !== digest) throw altered("its release.json does not have the digest in its head");
    return { release: parse(releaseSchema, text.toString("utf8")), endByte: headBytes + length };
  } finally {
    await file.close();
  }
}

function upToZero(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end === -1 ? undefined : end);
}

function parse<Parsed>(schema: z.ZodType<Parsed>, text: string): Parsed {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new BulkheadError("RELEASE_INVALID", "this board has no release to begin with, or one that is damaged", {
      cause,
      remedy,
    });
  }
}

const remedy = "write its card anew (bulkhead flash), or install its archive anew";

function altered(what: string): BulkheadError {
  return new BulkheadError("RELEASE_ARTIFACT_ALTERED", `the release that this board begins with is damaged: ${what}`, {
    remedy,
  });
}
