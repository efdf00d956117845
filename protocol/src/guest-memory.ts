/** What of a `vm` component's memory its guest gets: the manifest's `memory` is that of the whole, emulator included. */

const mebibyte = 1024 ** 2;

/** The emulator, its translated code (16 MiB), its stacks, and of its files what it uses; measured: decision 28. */
export const emulatorBytes: number = 64 * mebibyte;
/** Below this Debian's kernel finds no room for itself and its initial file system; 96 is enough, 80 is not. */
export const leastGuestRamBytes: number = 96 * mebibyte;

/** What is left for the guest of `memoryBytes`. */
export function guestRamBytes(memoryBytes: number): number {
  return memoryBytes - emulatorBytes;
}
