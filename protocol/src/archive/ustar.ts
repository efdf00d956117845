/**
 * One header block of the canonical archive. There is exactly one encoding of each entry, so a reader checks a header
 * by encoding again what it has read and comparing all 512 bytes: nothing of the format is left to interpretation.
 * Source: POSIX.1-1988 ustar (pax utility, IEEE Std 1003.1-2017, "ustar Interchange Format"), regular files only.
 */
import { BulkheadError } from "../errors.ts";

export const blockBytes = 512;
/** The name field of ustar; the prefix field is not used, so that each path has one encoding. */
const maxPathBytes = 100;

/** Bytes that `sizeBytes` of content take in an archive: whole blocks. */
export function padded(sizeBytes: number): number {
  return Math.ceil(sizeBytes / blockBytes) * blockBytes;
}

/** A regular file: path relative to the tree with `/`, size in bytes, and whether its owner may execute it. */
export type TreeEntry = { readonly path: string; readonly sizeBytes: number; readonly executable: boolean };

// Printable ASCII without the backslash: no encoding to agree on, and nothing that steers a terminal.
const segment = /^[\x20-\x5b\x5d-\x7e]+$/;

/** Throws RELEASE_INVALID for a path that could leave the tree or that two file systems would read differently. */
export function checkPath(path: string): void {
  const good = path.split("/").every((part) => segment.test(part) && part !== "." && part !== "..");
  if (good && path.length <= maxPathBytes) return;
  throw new BulkheadError(
    "RELEASE_INVALID",
    `the path ${JSON.stringify(path.slice(0, 120))} is not allowed in a tree`,
    {
      remedy: `use relative paths of printable ASCII, without "." and "..", of at most ${maxPathBytes} bytes`,
    },
  );
}

/** The 512 bytes of an entry's header: owner 0:0, time 0, mode 0755 or 0644. */
export function encodeHeader(entry: TreeEntry): Buffer {
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, offset: number, digits: number) =>
    block.write(value.toString(8).padStart(digits, "0"), offset, "latin1");
  block.write(entry.path, 0, "latin1");
  octal(entry.executable ? 0o755 : 0o644, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(entry.sizeBytes, 124, 11);
  octal(0, 136, 11);
  block.write("        0", 148, "latin1");
  block.write("ustar\u000000", 257, "latin1");
  octal(0, 329, 7);
  octal(0, 337, 7);
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  octal(checksum, 148, 6);
  block[154] = 0;
  return block;
}

/** Reads a header; throws RELEASE_INVALID unless it is byte for byte what `encodeHeader` writes. */
export function decodeHeader(block: Buffer): TreeEntry {
  const end = block.indexOf(0);
  const entry = {
    path: block.toString("latin1", 0, Math.min(end < 0 ? maxPathBytes : end, maxPathBytes)),
    sizeBytes: Number.parseInt(block.toString("latin1", 124, 135), 8),
    executable: block.toString("latin1", 100, 107) === "0000755",
  };
  checkPath(entry.path);
  if (Number.isInteger(entry.sizeBytes) && entry.sizeBytes >= 0 && encodeHeader(entry).equals(block)) return entry;
  throw new BulkheadError("RELEASE_INVALID", `the archive's entry ${JSON.stringify(entry.path)} is not canonical`, {
    remedy: "pack the tree with packTree: regular files only, owner 0:0, time 0, mode 0644 or 0755",
  });
}
