/** Small files that survive a power cut: a reader finds the old content or the new, never half of one. */
import { type FileHandle, open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { BulkheadError, isFull } from "@bulkhead/protocol";

/**
 * Replaces `path` by `content`: temporary file, fsync, rename, fsync of the directory. Throws STORAGE_FULL where there is
 * no room; the old content stays then.
 */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.new`;
  await explainFull(path, async () => {
    await withFile(temporary, "w", async (file) => {
      await file.writeFile(content);
      await file.sync();
    });
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  });
}

/** Makes the names in `directory` as durable as the files they name. */
export async function syncDirectory(directory: string): Promise<void> {
  await withFile(directory, "r", (handle) => handle.sync());
}

/** Opens, uses and closes a file. What the agent stages has mode 0644: the verifier reads it under another uid. */
export async function withFile<T>(path: string, flags: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, flags, 0o644);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** Runs `write` and turns "no room" of the system into STORAGE_FULL that names `path`. */
export async function explainFull<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    if (!isFull(cause)) throw cause;
    throw new BulkheadError("STORAGE_FULL", `there is no room to write ${path}`, {
      cause,
      remedy: "free room on the device's disk, or deploy a smaller release",
    });
  }
}
