/** Holds an image to its block map, for a program that is given it as it lies there. */
import { altered, type FlashOptions } from "./flash.ts";
import { digestExtent } from "./write.ts";

/** Throws FLASH_IMAGE_INVALID, and the signal's reason. Without a map there is nothing to hold it to. */
export async function checkImage({
  image,
  signal,
  onProgress,
}: Omit<FlashOptions, "target" | "identity">): Promise<void> {
  const stretches = image.map?.stretches ?? [];
  const totalBytes = stretches.reduce((sum, { endByte, startByte }) => sum + endByte - startByte, 0);
  let doneBytes = 0;
  for (const stretch of stretches) {
    const sha256 = await digestExtent(image.handle, stretch, (bytes) => {
      signal?.throwIfAborted();
      doneBytes += bytes;
      onProgress("checking", doneBytes, totalBytes);
    });
    if (sha256 !== stretch.sha256) throw altered(image, stretch);
  }
}
