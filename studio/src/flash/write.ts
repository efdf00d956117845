/** Brings stretches of an image to a target, and reads them back. */
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { BulkheadError } from "@bulkhead/protocol";

const chunkBytes = 1024 * 1024;

export type Extent = { readonly startByte: number; readonly endByte: number };
type OnBytes = (bytes: number) => void;

/** Returns the SHA-256 of what was brought, and of that with what is `before` it. Throws FLASH_WRITE_FAILED, FLASH_IMAGE_INVALID where the image ends before. */
export async function copyExtent(
  image: FileHandle,
  target: FileHandle,
  extent: Extent & { readonly before?: Buffer | undefined },
  onBytes: OnBytes,
): Promise<{ readonly sha256: string; readonly withBefore: string }> {
  const hash = createHash("sha256");
  const longer = extent.before && createHash("sha256").update(extent.before);
  const buffer = Buffer.alloc(chunkBytes);
  for (let at = extent.startByte; at < extent.endByte; ) {
    const { bytesRead } = await image.read(buffer, 0, Math.min(chunkBytes, extent.endByte - at), at);
    if (bytesRead === 0) throw new BulkheadError("FLASH_IMAGE_INVALID", `the image ends at byte ${at}`);
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    longer?.update(chunk);
    await putBytes(target, chunk, at);
    at += bytesRead;
    onBytes(bytesRead);
  }
  const sha256 = hash.digest("hex");
  return { sha256, withBefore: longer?.digest("hex") ?? sha256 };
}

/** Writes all of `bytes`. Throws FLASH_WRITE_FAILED naming the place. */
export async function putBytes(target: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await target.write(bytes, done, bytes.length - done, at + done).catch((cause: unknown) => {
      throw writeFailed(at + done, cause);
    });
    if (bytesWritten === 0) throw writeFailed(at + done, undefined);
    done += bytesWritten;
  }
}

/** Waits until all is on the medium itself. Throws FLASH_WRITE_FAILED: what the kernel took it may not have got rid of. */
export async function settle(target: FileHandle): Promise<void> {
  await target.sync().catch((cause: unknown) => {
    throw writeFailed(undefined, cause);
  });
}

/** The SHA-256 of what the target has there. Throws FLASH_VERIFY_FAILED where it cannot be read. */
export async function digestExtent(target: FileHandle, extent: Extent, onBytes: OnBytes): Promise<string> {
  const hash = createHash("sha256");
  const buffer = Buffer.alloc(chunkBytes);
  for (let at = extent.startByte; at < extent.endByte; ) {
    const { bytesRead } = await target
      .read(buffer, 0, Math.min(chunkBytes, extent.endByte - at), at)
      .catch((cause: unknown) => {
        throw verifyFailed({ startByte: at, endByte: extent.endByte }, "cannot be read", cause);
      });
    if (bytesRead === 0) throw verifyFailed({ startByte: at, endByte: extent.endByte }, "is not there");
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
    onBytes(bytesRead);
  }
  return hash.digest("hex");
}

export function verifyFailed({ startByte, endByte }: Extent, why: string, cause?: unknown): BulkheadError {
  return new BulkheadError("FLASH_VERIFY_FAILED", `what was written from byte ${startByte} to ${endByte} ${why}`, {
    cause,
    remedy: "the card is bad, or has less room than it says: take another",
  });
}

function writeFailed(at: number | undefined, cause: unknown): BulkheadError {
  const place = at === undefined ? "the last bytes" : `byte ${at}`;
  return new BulkheadError("FLASH_WRITE_FAILED", `${place} could not be written`, {
    cause,
    remedy: "the card is bad, was pulled out, or has less room than it says",
  });
}
