/**
 * A copy of an image that has a board's token in it, for a program that reads a file: in a folder of its own, its owner's alone, and gone when the
 * program is. Only who kills this process outright, or the power, leaves it behind.
 */
import { constants } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { type FlashOptions, flash, identityBytes, identityPlace } from "./flash.ts";
import { formatDisk, inspectTarget } from "./target.ts";
import type { Extent } from "./write.ts";

export const copyPrefix = "bulkhead-flash-";

export type CopyOptions = Omit<FlashOptions, "target" | "identity"> & {
  readonly identity: () => Promise<Buffer>;
  readonly signal: AbortSignal;
};

/** Runs `work` with the copy's path. Throws what `flash` throws, and the signal's reason. */
export async function withPrivateCopy<T>(options: CopyOptions, work: (file: string) => Promise<T>): Promise<T> {
  const place = await identityPlace(options.image);
  // mkdtemp(3): for its owner alone.
  const directory = await mkdtemp(join(tmpdir(), copyPrefix));
  const file = join(directory, basename(options.image.file));
  try {
    await makeCopy(file, options);
    options.signal.throwIfAborted();
    return await work(file);
  } finally {
    await overwriteToken(file, place).catch(() => undefined);
    await rm(directory, { recursive: true, force: true });
  }
}

/** As a card is written: what is not mapped stays a hole, what is mapped is held to its digest. */
async function makeCopy(file: string, options: CopyOptions): Promise<void> {
  const { sizeBytes } = options.image;
  const handle = await open(file, constants.O_CREAT | constants.O_EXCL | constants.O_RDWR, 0o600);
  await handle.truncate(sizeBytes).finally(() => handle.close());
  const target = await inspectTarget(file);
  await flash({ ...options, target }).catch((cause: unknown) => {
    if (!(cause instanceof BulkheadError && cause.code === "FLASH_WRITE_FAILED")) throw cause;
    throw new BulkheadError("FLASH_WRITE_FAILED", `the image cannot be copied to ${tmpdir()}`, {
      cause,
      remedy: `make room there, or let TMPDIR name a folder that has it; it takes at most ${formatDisk(sizeBytes)}`,
    });
  });
}

/** A disk keeps what a removed file held until it is needed for another; a file system that never writes in place keeps it all the same. */
async function overwriteToken(file: string, { startByte, endByte }: Extent): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.write(Buffer.alloc(Math.min(endByte - startByte, identityBytes)), 0, undefined, startByte);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
