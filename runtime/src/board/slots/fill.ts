/**
 * Fills the slot that does not run: what goes to its partitions is hashed on its way, and read back from the disk itself afterwards. A partition that the kernel
 * has in use (mounted, or below dm-verity) is not opened for writing at all: O_EXCL on a block device (open(2)).
 */
import { createHash } from "node:crypto";
import { constants, type FileHandle, open, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { type BaseSystem, BulkheadError, type SlotPart, slotParts } from "@bulkhead/protocol";
import { execa } from "execa";

type Part = BaseSystem["parts"][SlotPart];
/** Device files, or files that stand for them. */
export type SlotPlaces = Readonly<Record<SlotPart, string>>;

const chunkBytes = 1024 * 1024;
/** Of a gigabyte from the slowest card. */
const readBackMs = 20 * 60_000;

/**
 * Throws RELEASE_ARTIFACT_ALTERED where what is in `fromDir` is not what the release names, BASE_SYSTEM_UNFIT where it is longer than its partition or that is in use,
 * BASE_SYSTEM_ALTERED where the disk does not give back what was written, STATE_UNWRITABLE.
 */
export async function fillSlot(places: SlotPlaces, base: BaseSystem, fromDir: string): Promise<void> {
  for (const name of slotParts) await checkSize(places[name], base.parts[name]);
  for (const name of slotParts) await writePart(places[name], base.parts[name], fromDir);
  for (const name of slotParts) {
    if ((await digestOnDisk(places[name], base.parts[name].length)) === base.parts[name].digest) continue;
    throw new BulkheadError("BASE_SYSTEM_ALTERED", `${places[name]} does not give back what was written to it`, {
      remedy: "deploy the release again; if it happens again, the board's disk is worn out",
    });
  }
}

/** Whether the partitions hold `base`, by the disk and not by what the kernel remembers of it. */
export async function holdsBase(places: SlotPlaces, base: BaseSystem): Promise<boolean> {
  for (const name of slotParts) {
    const { digest, length } = base.parts[name];
    if ((await digestOnDisk(places[name], length).catch(() => undefined)) !== digest) return false;
  }
  return true;
}

async function checkSize(place: string, { length }: Part): Promise<void> {
  const sizeBytes = await sizeOf(place);
  if (length <= sizeBytes) return;
  throw new BulkheadError("BASE_SYSTEM_UNFIT", `${length} bytes of a base system do not fit ${place} of ${sizeBytes}`, {
    remedy: "write the board's card anew with an image of this version: bulkhead flash",
  });
}

/** Of a device file `stat` gives no size; the kernel says it beside the device. */
async function sizeOf(place: string): Promise<number> {
  const status = await stat(place);
  if (!status.isBlockDevice()) return status.size;
  return 512 * Number(await readFile(join("/sys/class/block", basename(place), "size"), "utf8"));
}

async function writePart(place: string, part: Part, fromDir: string): Promise<void> {
  const source = await openSource(join(fromDir, part.digest), part);
  try {
    const target = await openTarget(place);
    try {
      await copy(source, target, part, place);
      await target.sync();
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

// A link, a FIFO or a giant in the place of the file must not make the root server follow, wait or grow.
async function openSource(path: string, part: Part): Promise<FileHandle> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch((cause: unknown) => {
    throw new BulkheadError("RELEASE_INVALID", `${part.digest} of the base system is nowhere on the device`, { cause });
  });
  const status = await file.stat();
  if (status.isFile() && status.size === part.length) return file;
  await file.close();
  throw altered(part, `is not a file of ${part.length} bytes`);
}

async function openTarget(place: string): Promise<FileHandle> {
  return open(place, constants.O_WRONLY | constants.O_EXCL).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "EBUSY") throw unwritable(place, cause);
    throw new BulkheadError("BASE_SYSTEM_UNFIT", `${place} is in use, so nothing is written to it`, { cause });
  });
}

async function copy(source: FileHandle, target: FileHandle, part: Part, place: string): Promise<void> {
  const hash = createHash("sha256");
  const chunk = Buffer.alloc(chunkBytes);
  for (let at = 0; at < part.length; ) {
    const { bytesRead } = await source.read(chunk, 0, Math.min(chunkBytes, part.length - at), at);
    if (bytesRead === 0) throw altered(part, "became shorter while it was read");
    const bytes = chunk.subarray(0, bytesRead);
    hash.update(bytes);
    await writeWhole(target, bytes, at).catch((cause: unknown) => {
      throw unwritable(place, cause);
    });
    at += bytesRead;
  }
  const found = hash.digest("hex");
  if (found !== part.digest) throw altered(part, `is ${found}`);
}

/** A write may take less than it was given, as before the end of a device (write(2)). */
async function writeWhole(target: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await target.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}

/** Read past the page cache (O_DIRECT), which Node cannot: its memory does not lie on the borders that this takes. */
async function digestOnDisk(place: string, length: number): Promise<string> {
  const how = ["iflag=direct,fullblock,count_bytes", `bs=${chunkBytes}`, `count=${length}`, "status=none"];
  const dd = execa("dd", [`if=${place}`, ...how], { buffer: false, timeout: readBackMs, stdin: "ignore" });
  const hash = createHash("sha256");
  for await (const bytes of dd.stdout) hash.update(bytes as Buffer);
  await dd;
  return hash.digest("hex");
}

function altered(part: Part, what: string): BulkheadError {
  return new BulkheadError("RELEASE_ARTIFACT_ALTERED", `the base system's ${part.digest} ${what}`, {
    remedy: "deploy the release again; the device goes on with what it has",
  });
}

const unwritable = (place: string, cause: unknown) =>
  new BulkheadError("STATE_UNWRITABLE", `${place} cannot be written`, { cause });
