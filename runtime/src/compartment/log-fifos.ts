/**
 * One FIFO per component for what it writes, and `runtime` for us. We keep each open for reading and writing, so that a
 * restart of the serial server loses nothing that fits the pipe, and nobody gets an error for writing meanwhile.
 */
import { closeSync, constants, openSync } from "node:fs";
import { chown, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";

export const runtimeLogName = "runtime";

export type LogFifos = {
  /** Makes the FIFOs that are not there yet; `reader` is the serial server's uid. */
  ensure(names: readonly string[], reader: number | null): Promise<void>;
  /** A descriptor that can only write to the FIFO of `name`; the caller closes it. */
  openWriter(name: string): number;
};

/** Starts with an empty directory: FIFOs of a root server before us have no keeper any more. */
export async function openLogFifos(directory: string): Promise<LogFifos> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const kept = new Map<string, number>();
  return {
    async ensure(names, reader) {
      const missing = names.filter((name) => !kept.has(name));
      if (missing.length === 0) return;
      const paths = missing.map((name) => join(directory, name));
      await execa("mkfifo", ["-m", "0600", "--", ...paths]);
      for (const [index, path] of paths.entries()) {
        if (reader !== null) await chown(path, reader, reader);
        kept.set(missing[index] ?? "", openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
      }
    },
    // Blocking: a component that writes faster than the console reads waits, and only that component does.
    openWriter: (name) => openSync(join(directory, name), constants.O_WRONLY),
  };
}

/** Hands descriptors to `use` and closes them afterwards. */
export async function withDescriptors<T>(
  descriptors: readonly number[],
  use: (descriptors: readonly number[]) => Promise<T>,
): Promise<T> {
  try {
    return await use(descriptors);
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor);
  }
}
