/**
 * Writing so that a power cut leaves the old or the new, never a third thing. Relied upon: rename replaces a name at
 * once; data is safe only after fsync of the file, a name only after fsync of its directory. Nothing else.
 */
import { constants, type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

const createNew = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const createOver = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

/** Makes the names in `directory` safe. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Opens a file that must not exist yet, lets `write` fill it, and makes its content safe. */
export async function createFile(
  path: string,
  mode: number,
  write: (file: FileHandle) => Promise<unknown>,
): Promise<void> {
  await fill(await open(path, createNew, mode), mode, write);
}

/** Replaces `path` as one step: temporary file beside it, fsync, rename, fsync of the directory. */
export async function replaceFile(path: string, data: string | Uint8Array, mode = 0o644): Promise<void> {
  const temporary = `${path}.new`;
  try {
    await fill(await open(temporary, createOver, mode), mode, (file) => file.writeFile(data));
    await rename(temporary, path);
  } catch (error) {
    // A full disk is not to be kept full by what did not fit on it.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(path));
}

async function fill(file: FileHandle, mode: number, write: (file: FileHandle) => Promise<unknown>): Promise<void> {
  try {
    // The umask must not decide what an artifact's digest or another uid sees.
    await file.chmod(mode);
    await write(file);
    await file.sync();
  } finally {
    await file.close();
  }
}
