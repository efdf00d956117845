/**
 * Files in a component's storage (`storage: { quota: … }` in the manifest) that survive a power cut: a reader finds the
 * old content or the new, never half of one. What need not survive that can be written with node:fs at /data as anywhere.
 */
import { constants, type FileHandle, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";

/** Where a component has its storage. */
export const storageDirectory = "/data";

export type Storage = {
  /** Replaces `name` as one step. Throws STORAGE_FULL where the quota is used up; the old content stays then. */
  writeAtomic(name: string, content: string | Uint8Array): Promise<void>;
  /** The content of `name`; undefined where there is none. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Removes `name`; one that is not there is no error. */
  remove(name: string): Promise<void>;
};

/** The storage at `directory`. Names are single file names: what leads elsewhere is refused (IPC_ARGUMENTS_INVALID). */
export function openStorage(directory = storageDirectory): Storage {
  const place = (name: string) => join(directory, checkName(name));
  /** Two writes of one name at a time would share the temporary file. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const turn = last.then(act, act);
    last = turn.catch(() => undefined);
    return turn;
  };

  async function replace(path: string, content: string | Uint8Array): Promise<void> {
    const temporary = `${path}${temporaryEnding}`;
    try {
      await withFile(temporary, "w", async (file) => {
        await file.writeFile(content);
        await file.sync();
      });
      await rename(temporary, path);
      // The new name is safe only when its directory is.
      await withFile(directory, constants.O_RDONLY | constants.O_DIRECTORY, (handle) => handle.sync());
    } catch (cause) {
      await rm(temporary, { force: true });
      throw isFull(cause) ? full(path, cause) : cause;
    }
  }

  return {
    writeAtomic: (name, content) => inTurn(() => replace(place(name), content)),
    async read(name) {
      const path = place(name);
      return readFile(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw error;
      });
    },
    remove: (name) => inTurn(() => rm(place(name), { force: true })),
  };
}

const temporaryEnding = ".new";

function checkName(name: string): string {
  if (/^[^/\0]{1,200}$/.test(name) && name !== "." && name !== ".." && !name.endsWith(temporaryEnding)) return name;
  throw new BulkheadError("IPC_ARGUMENTS_INVALID", `${JSON.stringify(name)} is not the name of a stored file`, {
    remedy: `use a single file name that does not end in ${temporaryEnding}`,
  });
}

async function withFile(path: string, flags: string | number, use: (file: FileHandle) => Promise<unknown>) {
  const file = await open(path, flags, 0o600);
  await use(file).finally(() => file.close());
}

function isFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].includes((error as NodeJS.ErrnoException).code ?? "");
}

function full(path: string, cause: unknown): BulkheadError {
  return new BulkheadError("STORAGE_FULL", `there is no room left to write ${path}`, {
    cause,
    remedy: "remove what is no longer needed, or give the component a larger `storage: { quota: … }`",
  });
}
