/**
 * The image of one component's storage: a file of exactly the quota with an ext4 in it. The kernel enforces the quota
 * then, as it does for a partition; its journal makes the file system survive a power cut.
 */
import { constants } from "node:fs";
import { open, rename, rm, stat, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { syncDirectory } from "../generations/durable.ts";
import { runTool, toolLimitMs, unavailable } from "./tool.ts";

/**
 * A block size that fits small files, no blocks that only root may use: all that can be had is the component's. mke2fs
 * adds a journal from 2 MiB on; what is smaller relies on e2fsck after a power cut.
 */
const ext4Options = ["-q", "-F", "-m", "0", "-b", "1024", "-I", "256"];
/** Tables are written at once: nothing is left for the kernel to do in the background on a board's flash. */
const ext4Eager = ["-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard,root_owner=0:0"];

/** Exit codes of e2fsck(8): 1 and 2 say that errors were corrected, 4 that some were left, 8 also that it found no file system. */
const uncorrected = 4;
/** From here on it says nothing of the image: it was called wrongly, was cancelled, or did not find its libraries. */
const unchecked = 16;

export type ImageState =
  /** As it was left, or repaired from the journal. */
  | { readonly kind: "kept" | "made" }
  /** What could not be repaired was set aside as `setAside`, and an empty one made. */
  | { readonly kind: "replaced"; readonly setAside: string };

/**
 * Makes `path` an image of `quotaBytes` that can be mounted: made where there is none, checked and resized where there is.
 * Nothing of it may be mounted. Throws STORAGE_FULL where the disk has no room, COMPONENT_START_FAILED where what is
 * stored does not fit into a smaller quota, STORAGE_UNAVAILABLE where a program does not end in time.
 */
export async function ensureImage(
  path: string,
  quotaBytes: number,
  limitMs: number = toolLimitMs(quotaBytes),
): Promise<ImageState> {
  await rm(`${path}.new`, { force: true });
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return makeImage(path, quotaBytes, limitMs);
  if (!(await repair(path, limitMs))) {
    const setAside = `${path}.damaged`;
    await rename(path, setAside);
    await makeImage(path, quotaBytes, limitMs);
    return { kind: "replaced", setAside };
  }
  if (found.size !== quotaBytes) await resize(path, found.size, quotaBytes, limitMs);
  return { kind: "kept" };
}

/** A name is only ever given to a complete, synced image: a power cut leaves none or a whole one. */
async function makeImage(path: string, quotaBytes: number, limitMs: number): Promise<ImageState> {
  const temporary = `${path}.new`;
  try {
    // What a component stores is nobody else's to read, on the disk either.
    await open(temporary, "wx", 0o600).then((file) => file.close());
    await reserve(temporary, quotaBytes, limitMs);
    await run("mkfs.ext4", [...ext4Options, ...ext4Eager, temporary], path, limitMs);
    // From 1.47.1 on, mke2fs makes holes where it writes zeroes.
    await reserve(temporary, quotaBytes, limitMs);
    await sync(temporary);
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } finally {
    await rm(temporary, { force: true });
  }
  return { kind: "made" };
}

/**
 * Gently first: what the journal and safe corrections mend. What it would ask about is answered with yes. Throws
 * STORAGE_UNAVAILABLE where the program could not look: what is stored must not be taken for damaged then.
 */
async function repair(path: string, limitMs: number): Promise<boolean> {
  return (await check("-p", path, limitMs)) < uncorrected || (await check("-fy", path, limitMs)) < uncorrected;
}

async function check(how: "-p" | "-fy", path: string, limitMs: number): Promise<number> {
  const { exitCode = unchecked, stderr } = await runTool("e2fsck", [how, path], path, limitMs);
  if (exitCode < unchecked) return exitCode;
  throw unavailable(`${path} cannot be checked: ${stderr.split("\n").at(-1)}`);
}

async function resize(path: string, fromBytes: number, toBytes: number, limitMs: number): Promise<void> {
  // resize2fs wants a check by force before it; both it and the check are safe to be cut off and begun again.
  await runTool("e2fsck", ["-f", "-p", path], path, limitMs);
  if (toBytes > fromBytes) {
    await reserve(path, toBytes, limitMs);
    await run("resize2fs", [path], path, limitMs);
    await reserve(path, toBytes, limitMs);
  } else {
    await run("resize2fs", [path, `${Math.floor(toBytes / 1024)}K`], path, limitMs);
    await truncate(path, toBytes);
  }
  await sync(path);
}

/** Takes the blocks now, so that no other writer of the disk can take them later. */
async function reserve(path: string, sizeBytes: number, limitMs: number): Promise<void> {
  const made = await runTool("fallocate", ["-l", `${sizeBytes}`, path], path, limitMs);
  if (!made.failed) return;
  if (/No space left|quota/i.test(made.stderr)) {
    throw new BulkheadError("STORAGE_FULL", `the disk has no room for ${sizeBytes} bytes at ${path}`, {
      remedy: "make the quotas of the manifest smaller, or free room on the device's disk",
    });
  }
  // A file system that cannot reserve (vfat, NFS): the file has holes then, and is as large as it becomes.
  await open(path, constants.O_WRONLY | constants.O_CREAT, 0o600).then((file) =>
    file.truncate(sizeBytes).finally(() => file.close()),
  );
}

async function sync(path: string): Promise<void> {
  const file = await open(path, "r");
  await file.sync().finally(() => file.close());
}

async function run(program: string, args: readonly string[], path: string, limitMs: number): Promise<void> {
  const { failed, stderr } = await runTool(program, args, path, limitMs);
  if (!failed) return;
  throw new BulkheadError(
    "COMPONENT_START_FAILED",
    `${program} could not prepare the storage ${path}: ${stderr.split("\n").at(-1)}`,
    {
      remedy: "install e2fsprogs; where a quota was made smaller, make it larger than what is stored",
    },
  );
}
