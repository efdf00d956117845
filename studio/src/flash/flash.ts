/**
 * Writes an image to a card, and reads it back. The order is one that a power cut cannot fool: first what makes an older system on the card startable
 * is wiped, last the new partition table is written, so that a card that was cut off starts nothing.
 */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import type { Stretch } from "./block-map.ts";
import type { Image } from "./image.ts";
import { findPartition } from "./partition-table.ts";
import type { Target } from "./target.ts";
import { copyExtent, digestExtent, type Extent, putBytes, settle, verifyFailed } from "./write.ts";

export type Step = "writing" | "reading back";
export type FlashOptions = {
  readonly image: Image;
  readonly target: Target;
  /** Asked for when all else is on the card and was read back: who the board is, for the partition `identity`. */
  readonly identity: (() => Promise<Buffer>) | undefined;
  onProgress(step: Step, doneBytes: number, totalBytes: number): void;
};
export type Flashed = { readonly writtenBytes: number; readonly hasIdentity: boolean };

/** Of a table of partitions and of its copy at the end, with what is beside them. */
const tableBytes = 1024 * 1024;
/** Both tables' first 34 sectors. */
const headBytes = 34 * 512;

/** Throws FLASH_TARGET_REFUSED, FLASH_WRITE_FAILED, FLASH_VERIFY_FAILED, FLASH_IMAGE_INVALID, and what `identity` throws. */
export async function flash({ image, target, identity, onProgress }: FlashOptions): Promise<Flashed> {
  const place = identity && (await identityPlace(image));
  const handle = await openTarget(target);
  try {
    await wipe(handle, target.sizeBytes);
    const extents = splitHead(image);
    const totalBytes = extents.reduce((sum, { endByte, startByte }) => sum + endByte - startByte, 0);
    const written = await bring(image, handle, extents, (bytes) => onProgress("writing", bytes, totalBytes));
    await forget(handle, target);
    await readBack(handle, written, (bytes) => onProgress("reading back", bytes, totalBytes));
    if (identity && place) await putIdentity(handle, target, place, await identity());
    await finish(image, handle, target);
    return { writtenBytes: totalBytes, hasIdentity: identity !== undefined };
  } finally {
    await handle.close();
  }
}

/** Exclusively: the kernel refuses a disk that is mounted or otherwise held, in whatever namespace. */
async function openTarget({ path, kind }: Target): Promise<FileHandle> {
  const flags = kind === "disk" ? constants.O_RDWR | constants.O_EXCL : constants.O_RDWR;
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

async function wipe(handle: FileHandle, sizeBytes: number): Promise<void> {
  const zeroes = Buffer.alloc(Math.min(tableBytes, sizeBytes));
  await putBytes(handle, zeroes, 0);
  await putBytes(handle, zeroes, sizeBytes - zeroes.length);
  await settle(handle);
}

/** What is mapped, without the head. The stretch that the head is the beginning of keeps its digest for itself no more. */
function splitHead({ map, sizeBytes }: Image): (Extent & { sha256?: string })[] {
  const stretches: readonly (Extent & { sha256?: string })[] = map?.stretches ?? [{ startByte: 0, endByte: sizeBytes }];
  return stretches.flatMap((stretch) => {
    if (stretch.startByte >= headBytes) return [stretch];
    return stretch.endByte > headBytes ? [{ startByte: headBytes, endByte: stretch.endByte }] : [];
  });
}

type Written = Extent & { readonly sha256: string };

async function bring(
  image: Image,
  handle: FileHandle,
  extents: readonly (Extent & { sha256?: string })[],
  onDone: (bytes: number) => void,
): Promise<Written[]> {
  await checkHead(image);
  let done = 0;
  const written: Written[] = [];
  for (const extent of extents) {
    const sha256 = await copyExtent(image.handle, handle, extent, (bytes) => {
      done += bytes;
      onDone(done);
    });
    if (extent.sha256 !== undefined && extent.sha256 !== sha256) throw altered(image, extent);
    written.push({ ...extent, sha256 });
  }
  await settle(handle);
  return written;
}

/** The stretch with the partition table is written in two parts, so its digest is asked of the image beforehand. */
async function checkHead(image: Image): Promise<void> {
  const first: Stretch | undefined = image.map?.stretches[0];
  if (first === undefined || first.startByte >= headBytes) return;
  const sha256 = await digestExtent(image.handle, first, () => undefined);
  if (sha256 !== first.sha256) throw altered(image, first);
}

function altered({ file }: Image, { startByte, endByte }: Extent): BulkheadError {
  return new BulkheadError(
    "FLASH_IMAGE_INVALID",
    `${file} is not what its block map says, from byte ${startByte} to ${endByte}`,
    {
      remedy: "the card is not to be used; build the image anew",
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

async function identityPlace(image: Image): Promise<Extent> {
  const place = await findPartition(image.handle, "identity");
  if (place !== undefined) return place;
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
  await putBytes(handle, bytes, place.startByte);
  await forget(handle, target);
  const there = Buffer.alloc(bytes.length);
  await handle.read(there, 0, there.length, place.startByte);
  if (!there.equals(bytes))
    throw verifyFailed({ ...place, endByte: place.startByte + bytes.length }, "is not what was written");
}

/** The partition table: with it the card is one that starts. */
async function finish(image: Image, handle: FileHandle, target: Target): Promise<void> {
  const head = { startByte: 0, endByte: Math.min(headBytes, image.sizeBytes) };
  const sha256 = await copyExtent(image.handle, handle, head, () => undefined);
  await forget(handle, target);
  if ((await digestExtent(handle, head, () => undefined)) !== sha256)
    throw verifyFailed(head, "is not what was written");
}
