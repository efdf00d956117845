/**
 * Reads files that somebody else writes: another component, at the same time. Never waits (a FIFO), follows no link, and
 * takes no more memory than it was allowed, whatever the file says its size is: on a tmpfs a file of nothing but a hole can
 * be as large as one likes.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

const reading = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export type BoundedFile = {
  readonly sizeBytes: number;
  /** The bytes from `from` on, at most `count`; fewer where the file has become shorter. */
  read(from: number, count: number): Buffer;
};

/** What `use` makes of the file; undefined where it is no file, larger than `maxBytes`, or cannot be read. Never throws. */
export function withBoundedFile<T>(path: string, maxBytes: number, use: (file: BoundedFile) => T): T | undefined {
  let file: number;
  try {
    file = openSync(path, reading);
  } catch {
    return undefined;
  }
  try {
    const status = fstatSync(file);
    if (!status.isFile() || status.size > maxBytes) return undefined;
    return use({ sizeBytes: status.size, read: (from, count) => readPart(file, from, count) });
  } catch {
    return undefined;
  } finally {
    closeSync(file);
  }
}

/** All of it as text. */
export function readBoundedText(path: string, maxBytes: number): string | undefined {
  return withBoundedFile(path, maxBytes, ({ sizeBytes, read }) => read(0, sizeBytes).toString("utf8"));
}

function readPart(file: number, from: number, count: number): Buffer {
  const buffer = Buffer.allocUnsafe(count);
  let filled = 0;
  while (filled < count) {
    const bytesRead = readSync(file, buffer, filled, count - filled, from + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
