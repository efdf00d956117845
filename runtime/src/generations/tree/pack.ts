/**
 * A tree as a canonical archive, and the digest that is its identity. The same files give the same bytes on every
 * machine: names sorted, nothing of the host (owners, times, umask) in it.
 */
import { createHash } from "node:crypto";
import { constants, type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { BulkheadError, blockBytes, encodeHeader, padded } from "@bulkhead/protocol";
import { maxTreeBytes } from "./bounds.ts";
import { listFiles } from "./list.ts";

/** SHA-256 (lower-case hexadecimal) and length in bytes of an archive. */
export type TreeIdentity = { digest: string; length: number };

const chunkBytes = 64 * 1024;

/**
 * The canonical tar of `directory` as a stream of bytes.
 *
 * The stream fails with RELEASE_INVALID for what a tree may not hold and with RELEASE_ARTIFACT_ALTERED when a file
 * changes while it is read.
 */
export function packTree(directory: string): Readable {
  return Readable.from(archive(directory), { objectMode: false });
}

/** Digest and length of the canonical tar of `directory`; errors as of `packTree`. */
export async function treeDigest(directory: string): Promise<TreeIdentity> {
  const hash = createHash("sha256");
  let length = 0;
  for await (const chunk of archive(directory)) {
    hash.update(chunk);
    length += chunk.length;
  }
  return { digest: hash.digest("hex"), length };
}

async function* archive(directory: string): AsyncGenerator<Buffer> {
  let total = 2 * blockBytes;
  for (const path of await listFiles(directory)) {
    // O_NOFOLLOW and O_NONBLOCK: what was a file a moment ago may be a link or a FIFO now.
    const file = await open(join(directory, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw altered(path);
      total += blockBytes + padded(stat.size);
      if (total > maxTreeBytes)
        throw new BulkheadError("RELEASE_INVALID", `the tree is larger than ${maxTreeBytes} bytes`);
      yield encodeHeader({ path, sizeBytes: stat.size, executable: (stat.mode & 0o100) !== 0 });
      yield* content(file, path, stat.size);
      yield Buffer.alloc(padded(stat.size) - stat.size);
    } finally {
      await file.close();
    }
  }
  yield Buffer.alloc(2 * blockBytes);
}

async function* content(file: FileHandle, path: string, sizeBytes: number): AsyncGenerator<Buffer> {
  for (let rest = sizeBytes; rest > 0; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(rest, chunkBytes)));
    if (bytesRead === 0) throw altered(path);
    rest -= bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function altered(path: string): BulkheadError {
  return new BulkheadError("RELEASE_ARTIFACT_ALTERED", `${path} changed while it was read`);
}
