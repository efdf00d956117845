/** Files named by their SHA-256: written once, never changed, whole or absent. */
import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { BulkheadError, digestSchema, maxBlobBytes } from "@bulkhead/protocol";
import { syncDirectory } from "../files.ts";
import { createBlockIndexes } from "./block-index.ts";
import { type CompressedForm, createCompressedForms } from "./compressed-forms.ts";

export type Blobs = {
  /** Stores `source` if it has this digest. Errors: REQUEST_INVALID, REQUEST_TOO_LARGE. */
  put(digest: string, source: AsyncIterable<Uint8Array>): Promise<{ lengthBytes: number }>;
  /** Length of the blob; undefined where there is none. */
  lengthOf(digest: string): Promise<number | undefined>;
  /** The bytes from `start` to `end`, both included. */
  read(digest: string, range?: { start: number; end: number }): Readable;
  /** The short digests of its blocks; undefined where there is no such blob, or it is none of whole blocks. */
  blockIndex(digest: string): Promise<Buffer | undefined>;
  /** The blob as small as it gets; undefined where there is none of it, or none yet. */
  compressed(digest: string): Promise<CompressedForm | undefined>;
};

export async function openBlobs(directory: string): Promise<Blobs> {
  const incoming = join(directory, "incoming");
  await mkdir(incoming, { recursive: true, mode: 0o700 });
  // What a killed upload left.
  for (const name of await readdir(incoming)) await rm(join(incoming, name), { force: true });
  const pathOf = (digest: string) => {
    const checked = digestSchema.parse(digest);
    return join(directory, checked.slice(0, 2), checked);
  };
  const lengthOf = async (digest: string) => (await stat(pathOf(digest)).catch(absent))?.size;
  const read: Blobs["read"] = (digest, range) => createReadStream(pathOf(digest), range);
  return {
    lengthOf,
    read,
    blockIndex: await createBlockIndexes(join(directory, "indexes"), { lengthOf, read }),
    compressed: await createCompressedForms(join(directory, "compressed"), { lengthOf, read }),
    async put(digest, source) {
      const path = pathOf(digest);
      const temporary = join(incoming, randomUUID());
      try {
        const written = await writeHashed(temporary, source);
        if (written.digest !== digest) throw wrongDigest(digest, written.digest);
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        await rename(temporary, path);
        await syncDirectory(dirname(path));
        await syncDirectory(directory);
        return { lengthBytes: written.lengthBytes };
      } finally {
        await rm(temporary, { force: true });
      }
    },
  };
}

async function writeHashed(path: string, source: AsyncIterable<Uint8Array>) {
  const hash = createHash("sha256");
  let lengthBytes = 0;
  const file = await open(path, "wx", 0o400);
  try {
    for await (const chunk of source) {
      lengthBytes += chunk.length;
      if (lengthBytes > maxBlobBytes) {
        throw new BulkheadError("REQUEST_TOO_LARGE", `a blob has at most ${maxBlobBytes} bytes`);
      }
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { digest: hash.digest("hex"), lengthBytes };
}

function wrongDigest(asked: string, got: string): BulkheadError {
  return new BulkheadError("REQUEST_INVALID", `the bytes sent for ${asked} have the digest ${got}`, {
    remedy: "build the release again, or send the file again if it was changed on the way",
  });
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
