/**
 * Writes an image to a card, and reads it back. The order is one that a power cut cannot fool: first what makes an older system on the card startable
 * is wiped, last the new partition table is written, so that a card that was cut off starts nothing.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import type { Image } from "./image.ts";
import { findPartition } from "./partition-table.ts";
import { inspectTarget, samenessOf, type Target } from "./target.ts";
import { copyExtent, digestExtent, type Extent, putBytes, settle, verifyFailed } from "./write.ts";

export type Step = "checking" | "writing" | "reading back";
export type FlashOptions = {
  readonly image: Image;
  readonly target: Target;
  /** Asked for when all else is on the card and was read back: who the board is, for the partition `identity`. */
  readonly identity: (() => Promise<Buffer>) | undefined;
  /** Ends it until the identity is asked for. */
  readonly signal?: AbortSignal;
  onProgress(step: Step, doneBytes: number, totalBytes: number): void;
};
export type Flashed = { readonly writtenBytes: number; readonly hasIdentity: boolean };

/** Of a table of partitions and of its copy at the end, with what is beside them. */
const tableBytes = 1024 * 1024;
/** Both tables' first 34 sectors. */
const headBytes = 34 * 512;
/** More than an identity ever has; the partition that images have for it. */
export const identityBytes: number = 4 * 1024 * 1024;

/** Throws FLASH_TARGET_REFUSED, FLASH_WRITE_FAILED, FLASH_VERIFY_FAILED, FLASH_IMAGE_INVALID, what `identity` throws, and the signal's reason. */
export async function flash({ image, target, identity, signal, onProgress }: FlashOptions): Promise<Flashed> {
  const report = (step: Step, done: number, total: number) => {
    signal?.throwIfAborted();
    onProgress(step, done, total);
  };
  const place = identity && (await identityPlace(image));
  const head = await readHead(image);
  const handle = await openTarget(target);
  try {
    await checkSame(handle, target);
    await wipe(handle, target.sizeBytes);
    const extents = splitHead(image, head);
    const totalBytes = extents.reduce((sum, { endByte, startByte }) => sum + endByte - startByte, 0);
    const written = await bring(image, handle, extents, (bytes) => report("writing", bytes, totalBytes));
    await forget(handle, target);
    await readBack(handle, written, (bytes) => report("reading back", bytes, totalBytes));
    signal?.throwIfAborted();
    if (identity && place) await putIdentity(handle, target, place, await identity());
    await finish(head, handle, target);
    return { writtenBytes: totalBytes, hasIdentity: identity !== undefined };
  } finally {
    await handle.close();
  }
}

/** Exclusively: the kernel refuses a disk that is mounted or otherwise held, in whatever namespace. */
async function openTarget({ path, kind }: Target): Promise<FileHandle> {
  const flags = constants.O_RDWR | (kind === "disk" ? constants.O_EXCL : constants.O_NOFOLLOW);
  return await open(path, flags).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "EACCES" || cause.code === "EPERM") {
      throw new BulkheadError("MISSING_PRIVILEGE", `${path} may not be written by you`, {
        cause,
        remedy: "run it as root (sudo)",
      });
    }
    const why = cause.code === "EBUSY" ? "is in use" : "cannot be opened";
    throw new BulkheadError("FLASH_TARGET_REFUSED", `${path} ${why}`, {
      cause,
      remedy: "unmount what is on it, and look twice whether it is the card",
    });
  });
}

/**
 * That what was opened is what was looked at and confirmed: a card that was pulled out gives its name to the next disk, a path its file. From now on
 * the kernel keeps it for us.
 */
async function checkSame(handle: FileHandle, target: Target): Promise<void> {
  const now = await inspectTarget(target.path);
  const isSame = now.sizeBytes === target.sizeBytes && now.title === target.title && now.sameness === target.sameness;
  if (isSame && samenessOf(await handle.stat(), "") === samenessOf(await stat(target.path), "")) return;
  throw new BulkheadError("FLASH_TARGET_REFUSED", `${target.path} is not what it was a moment ago`, {
    remedy: "leave the card where it is, and look again which disk it is: lsblk",
  });
}

async function wipe(handle: FileHandle, sizeBytes: number): Promise<void> {
  const zeroes = Buffer.alloc(Math.min(tableBytes, sizeBytes));
  await putBytes(handle, zeroes, 0);
  await putBytes(handle, zeroes, sizeBytes - zeroes.length);
  await settle(handle);
}

/** Once: what is checked now must be what is written at the end, whatever becomes of the file meanwhile. */
async function readHead(image: Image): Promise<Buffer> {
  const head = Buffer.alloc(Math.min(headBytes, image.sizeBytes));
  const { bytesRead } = await image.handle.read(head, 0, head.length, 0);
  if (bytesRead < head.length) throw altered(image, { startByte: 0, endByte: head.length });
  return head;
}

/** `before`: bytes in front of the extent that its digest is of as well. */
type Piece = Extent & { readonly sha256?: string; readonly before?: Buffer };

/** What is mapped, without the head, which is held to the digests that it has a part in. */
function splitHead(image: Image, head: Buffer): Piece[] {
  const stretches: readonly Piece[] = image.map?.stretches ?? [{ startByte: 0, endByte: image.sizeBytes }];
  return stretches.flatMap((stretch) => {
    if (stretch.startByte >= head.length) return [stretch];
    const before = head.subarray(stretch.startByte, stretch.endByte);
    if (stretch.endByte > head.length) return [{ ...stretch, startByte: head.length, before }];
    if (stretch.sha256 !== undefined && createHash("sha256").update(before).digest("hex") !== stretch.sha256)
      throw altered(image, stretch);
    return [];
  });
}

type Written = Extent & { readonly sha256: string };

async function bring(
  image: Image,
  handle: FileHandle,
  pieces: readonly Piece[],
  onDone: (bytes: number) => void,
): Promise<Written[]> {
  let done = 0;
  const written: Written[] = [];
  for (const { sha256: said, before, ...extent } of pieces) {
    const { sha256, withBefore } = await copyExtent(image.handle, handle, { ...extent, before }, (bytes) => {
      done += bytes;
      onDone(done);
    });
    if (said !== undefined && said !== withBefore) throw altered(image, extent);
    written.push({ ...extent, sha256 });
  }
  await settle(handle);
  return written;
}

export function altered({ file }: Pick<Image, "file">, { startByte, endByte }: Extent): BulkheadError {
  return new BulkheadError(
    "FLASH_IMAGE_INVALID",
    `${file} is not what its block map says, from byte ${startByte} to ${endByte}`,
    {
      remedy: "what it was written to is not to be used; build the image anew",
    },
  );
}

async function readBack(
  handle: FileHandle,
  written: readonly Written[],
  onDone: (bytes: number) => void,
): Promise<void> {
  let done = 0;
  for (const extent of written) {
    const sha256 = await digestExtent(handle, extent, (bytes) => {
      done += bytes;
      onDone(done);
    });
    if (sha256 !== extent.sha256) throw verifyFailed(extent, "is not what was written");
  }
}

/** What is read back must come from the medium: without this it would come from memory, and always be right. */
async function forget(handle: FileHandle, { path, kind }: Target): Promise<void> {
  await settle(handle);
  if (kind !== "disk") return;
  const flushed = await execa("blockdev", ["--flushbufs", path], { reject: false });
  if (flushed.failed)
    throw new BulkheadError(
      "FLASH_VERIFY_FAILED",
      `${path} cannot be read back past the kernel's memory: ${flushed.stderr}`,
    );
}

/** Throws FLASH_IMAGE_INVALID where the image has none. */
export async function identityPlace(image: Image): Promise<Extent> {
  const place = await findPartition(image.handle, "identity");
  // The table is the image's word: secrets go to no place that is not in the image.
  if (place !== undefined && place.startByte >= headBytes && place.endByte <= image.sizeBytes) return place;
  throw new BulkheadError("FLASH_IMAGE_INVALID", `${image.file} has no partition \`identity\``, {
    remedy: "flash it without one, or take an image that `bulkhead image build` made",
  });
}

async function putIdentity(handle: FileHandle, target: Target, place: Extent, bytes: Buffer): Promise<void> {
  if (bytes.length > place.endByte - place.startByte) {
    throw new BulkheadError(
      "FLASH_IMAGE_INVALID",
      `the identity has ${bytes.length} bytes, its partition ${place.endByte - place.startByte}`,
    );
  }
  // To its end, or what is usual of it: a card that was another board's has that one's no more.
  const whole = Buffer.alloc(Math.max(bytes.length, Math.min(place.endByte - place.startByte, identityBytes)));
  bytes.copy(whole);
  await putBytes(handle, whole, place.startByte);
  await forget(handle, target);
  const written = { startByte: place.startByte, endByte: place.startByte + whole.length };
  const sha256 = createHash("sha256").update(whole).digest("hex");
  if ((await digestExtent(handle, written, () => undefined)) !== sha256)
    throw verifyFailed(written, "is not what was written");
}

/** The partition table: with it the card is one that starts. */
async function finish(head: Buffer, handle: FileHandle, target: Target): Promise<void> {
  await putBytes(handle, head, 0);
  await forget(handle, target);
  const written = { startByte: 0, endByte: head.length };
  const sha256 = createHash("sha256").update(head).digest("hex");
  if ((await digestExtent(handle, written, () => undefined)) !== sha256)
    throw verifyFailed(written, "is not what was written");
}
