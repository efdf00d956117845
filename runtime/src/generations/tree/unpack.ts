/**
 * A canonical archive back to a tree. Whoever made the archive is not trusted: only the one encoding of `packTree` is
 * accepted, so links, devices, `..`, absolute and duplicate names have no form in which they could come in, and the
 * digest of the archive is that of the tree. tar-stream was looked at: it buffers extended headers without a bound and
 * hides the header bytes, so that this could not be checked.
 */
import { createHash } from "node:crypto";
import { type FileHandle, mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  BulkheadError,
  type ByteReader,
  blockBytes,
  byteReader,
  decodeHeader,
  isZero,
  padded,
  type TreeEntry,
} from "@bulkhead/protocol";
import { createFile, syncDirectory } from "../durable.ts";
import { maxTreeBytes, maxTreeFiles } from "./bounds.ts";
import { byBytes } from "./list.ts";
import type { TreeIdentity } from "./pack.ts";

const pieceBytes = 64 * 1024;

/**
 * Unpacks `source` into `directory`, which must not exist; everything is on the disk when it returns. Compare the
 * identity that it gives with the signed one before anything in `directory` is used.
 *
 * Throws RELEASE_INVALID for anything but a canonical archive of at most `maxBytes` bytes, and leaves no directory then.
 */
export async function unpackTree(
  source: AsyncIterable<Uint8Array>,
  directory: string,
  maxBytes = maxTreeBytes,
): Promise<TreeIdentity> {
  await mkdir(directory, { mode: 0o755 });
  const hash = createHash("sha256");
  const reader = byteReader(source, maxBytes, (piece) => hash.update(piece));
  try {
    const directories = await unpackEntries(reader, directory);
    const length = await reader.finish();
    for (const made of directories) await syncDirectory(made);
    return { digest: hash.digest("hex"), length };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  } finally {
    await reader.close();
  }
}

async function unpackEntries(reader: ByteReader, root: string): Promise<Set<string>> {
  const directories = new Set([root]);
  let last = "";
  for (let files = 0; ; files++) {
    const block = await reader.exactly(blockBytes);
    if (isZero(block)) break;
    const entry = decodeHeader(block);
    if (byBytes(last, entry.path) >= 0) throw invalid(`${entry.path} stands out of order or twice`);
    if (files === maxTreeFiles) throw invalid(`the archive has more than ${maxTreeFiles} files`);
    last = entry.path;
    await makeParents(root, dirname(entry.path), directories);
    await createFile(join(root, entry.path), entry.executable ? 0o755 : 0o644, (file) =>
      copy(reader, entry, file),
    ).catch(nameTaken(entry.path));
  }
  if (!isZero(await reader.exactly(blockBytes))) throw invalid("the archive does not end with two empty blocks");
  if (last === "") throw invalid("the archive is empty");
  return directories;
}

async function makeParents(root: string, parent: string, made: Set<string>): Promise<void> {
  const path = join(root, parent);
  if (made.has(path)) return;
  await makeParents(root, dirname(parent), made);
  await mkdir(path, { mode: 0o755 }).catch(nameTaken(parent));
  made.add(path);
}

async function copy(reader: ByteReader, entry: TreeEntry, file: FileHandle): Promise<void> {
  for (let rest = entry.sizeBytes; rest > 0; ) {
    const piece = await reader.some(Math.min(rest, pieceBytes));
    await file.writeFile(piece);
    rest -= piece.length;
  }
  const padding = await reader.exactly(padded(entry.sizeBytes) - entry.sizeBytes);
  if (!isZero(padding)) throw invalid(`the padding of ${entry.path} is not empty`);
}

// A file and a directory of one name: the one way left in which sorted, distinct paths can collide.
function nameTaken(path: string): (error: unknown) => never {
  return (error) => {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code === "EEXIST" || code === "ENOTDIR") throw invalid(`${path} is both a file and a directory`, error);
    throw error;
  };
}

function invalid(what: string, cause?: unknown): BulkheadError {
  return new BulkheadError("RELEASE_INVALID", what, { cause });
}
