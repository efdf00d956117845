/**
 * Reading what the agent staged. It may be a link, a FIFO, a device, a giant, or change under the reader's hands: each
 * file is opened once without following or waiting, must be a regular file of bounded size, and is read once.
 */
import { constants, type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";

const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const directoryFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_DIRECTORY;

/** Bytes of `name` in the staged `directory`; undefined where there is none. Throws RELEASE_INVALID. */
export async function readStaged(directory: string, name: string, maxBytes: number): Promise<Buffer | undefined> {
  return withStaged(directory, name, async (file, sizeBytes) => {
    if (sizeBytes > maxBytes) throw refused(name, `has ${sizeBytes} bytes, and at most ${maxBytes} are read`);
    const content = Buffer.alloc(sizeBytes);
    for (let at = 0; at < sizeBytes; ) {
      const { bytesRead } = await file.read(content, at, sizeBytes - at, at);
      if (bytesRead === 0) throw refused(name, "became shorter while it was read");
      at += bytesRead;
    }
    return content;
  });
}

/**
 * Opens `name` in the staged `directory`, lets `use` read it, and closes it; undefined where there is none. Throws
 * RELEASE_INVALID for anything but a regular file.
 */
export async function withStaged<T>(
  directory: string,
  name: string,
  use: (file: FileHandle, sizeBytes: number) => Promise<T>,
): Promise<T | undefined> {
  const folder = await openStaged(directory, directoryFlags);
  if (folder === undefined) return undefined;
  try {
    // By way of the open directory: had the agent made the directory a link by now, its own sandbox's file is what is read.
    const file = await openStaged(join("/proc/self/fd", String(folder.fd), name), readFlags, name);
    if (file === undefined) return undefined;
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw refused(name, "is not a regular file");
      return await use(file, stat.size);
    } finally {
      await file.close();
    }
  } finally {
    await folder.close();
  }
}

async function openStaged(path: string, flags: number, name = path): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    // ELOOP: a link; ENXIO: a socket, or a FIFO's like; ENOTDIR: a file in a directory's place.
    throw refused(name, `cannot be opened as a file (${code})`, cause);
  }
}

function refused(name: string, why: string, cause?: unknown): BulkheadError {
  return new BulkheadError("RELEASE_INVALID", `the staged file ${name} ${why}`, { cause });
}
