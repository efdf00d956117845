/**
 * The few things that the store asks of a file system, so that a test can be one whose power is cut. Each says what a
 * power cut leaves of it; what is not said here cannot be relied on.
 */
import { mkdir, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { explainFull, replaceFile, syncDirectory } from "../durable-file.ts";

export type StoreFiles = {
  /** Names with their sizes, in no order. */
  list(): Promise<{ name: string; sizeBytes: number }[]>;
  read(name: string): Promise<string>;
  /** A new, empty file that is there after a power cut. */
  create(name: string): Promise<OpenFile>;
  /** Gone after a power cut. One that is not there is no error. */
  remove(name: string): Promise<void>;
  /** The old content or the new, also after a power cut; once it has resolved, the new. Without room: the old. */
  replace(name: string, content: string): Promise<void>;
};

export type OpenFile = {
  /** All of it is there after a power cut once this has resolved; before, any part of it, or anything in its place. */
  append(content: string): Promise<void>;
  close(): Promise<void>;
};

/** The files of one directory, which is made where it is missing; only its owner can look into it. */
export async function openDirectory(directory: string): Promise<StoreFiles> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = (name: string): string => join(directory, name);
  return {
    async list() {
      const names = await readdir(directory);
      return Promise.all(names.map(async (name) => ({ name, sizeBytes: (await stat(path(name))).size })));
    },
    read: (name) => readFile(path(name), "utf8"),
    create: (name) => create(directory, path(name)),
    async remove(name) {
      await rm(path(name), { force: true });
      await syncDirectory(directory);
    },
    replace: (name, content) => replaceFile(path(name), content),
  };
}

async function create(directory: string, path: string): Promise<OpenFile> {
  // "w": what has this name is the rest of a file that was being made when the power went.
  const file = await explainFull(path, () => open(path, "w", 0o600));
  await syncDirectory(directory);
  return {
    append: (content) =>
      explainFull(path, async () => {
        await file.appendFile(content);
        await file.datasync();
      }),
    close: () => file.close(),
  };
}
