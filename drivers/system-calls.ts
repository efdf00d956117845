/**
 * The system call that Node has none for, ioctl(2), by the package koffi: no code of ours is compiled for it. koffi comes as
 * machine code for each processor that boards have.
 */
import { createRequire } from "node:module";
import { getSystemErrorName } from "node:util";

/** `request` as the kernel's headers number it; the kernel reads and writes `argument`. Throws a SystemCallError. */
export type Ioctl = (fd: number, request: number, argument: Uint8Array) => void;

/** Like the errors of node:fs: `code` is the kernel's name of the fault. */
export class SystemCallError extends Error {
  override readonly name = "SystemCallError";
  readonly code: string;

  constructor(call: string, errno: number) {
    const code = getSystemErrorName(-errno);
    super(`${call}: ${code}`);
    this.code = code;
  }
}

type Koffi = {
  load(library: string): { func(prototype: string): (fd: number, request: number, argument: Uint8Array) => number };
  errno(): number;
};

/** Loads koffi from `file`. Throws what Node says where it does not fit this machine. */
export function loadIoctl(file: string): Ioctl {
  const koffi: Koffi = createRequire(import.meta.url)(file);
  // Declared without `...`: on Linux the three processors pass this call's arguments alike either way.
  const call = koffi.load("libc.so.6").func("int ioctl(int fd, unsigned long request, void *argument)");
  return (fd, request, argument) => {
    if (call(fd, request, argument) < 0) throw new SystemCallError("ioctl", koffi.errno());
  };
}
