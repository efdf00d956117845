/** Hands an image to the program that writes a board by USB: the image's own file, or where the board is to enrol itself a copy with its token. */
import { checkImage } from "./check-image.ts";
import { giveIdentity } from "./enrolment.ts";
import type { FlashOptions } from "./flash.ts";
import type { Identity } from "./identity.ts";
import { withPrivateCopy } from "./private-copy.ts";
import { runUsb, type UsbCommand } from "./usb.ts";

export type UsbOptions = Omit<FlashOptions, "target" | "identity" | "signal"> & {
  /** The command that writes this file. */
  readonly commandFor: (file: string) => UsbCommand;
  readonly identity: Identity | undefined;
  readonly signal: AbortSignal;
};

/** Throws FLASH_IMAGE_INVALID, FLASH_WRITE_FAILED, MISSING_PROGRAM, the signal's reason, and what `identity` throws; then its token is worth nothing. */
export async function flashByUsb(options: UsbOptions): Promise<void> {
  const { image, commandFor, identity, signal, onProgress } = options;
  if (identity === undefined) {
    await checkImage({ image, signal, onProgress });
    return await runUsb(commandFor(image.file), signal);
  }
  const copying = { image, identity: identity.enrol, signal, onProgress };
  await giveIdentity(identity, () => withPrivateCopy(copying, (file) => runUsb(commandFor(file), signal)));
}
