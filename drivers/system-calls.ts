/**
 * The system call that Node has none for, ioctl(2), by the package koffi: no code of ours is compiled for it. koffi comes as
 * machine code for each processor that boards have.
 */
import { createRequire } from "node:module";
import { getSystemErrorName } from "node:util";

/** `request` as the kernel's headers number it; the kernel reads and writes `argument`. Throws a SystemCallError. */
export type Ioctl = (fd: number, request: number, argument: Uint8Array) => void;

/** `prepare` makes the same of calls that all have one `argument`: its address is looked up once. */
export type PreparedIoctl = Ioctl & {
  prepare(argument: Uint8Array): (fd: number, request: number) => void;
};

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
  load(library: string): {
    func<Argument>(prototype: string): (fd: number, request: number, argument: Argument) => number;
  };
  errno(): number;
  address(argument: Uint8Array): bigint;
};

/** Loads koffi from `file`. Throws what Node says where it does not fit this machine. */
export function loadIoctl(file: string): PreparedIoctl {
  const koffi: Koffi = createRequire(import.meta.url)(file);
  const library = koffi.load("libc.so.6");
  // Declared without `...`: on Linux the three processors pass this call's arguments alike either way. The kernel takes 32 bits of `request`;
  // as `int` it is a number that V8 keeps without memory of its own.
  const call = library.func<Uint8Array>("int ioctl(int fd, int request, void *argument)");
  const callAt = library.func<number>("int ioctl(int fd, int request, uintptr_t argument)");
  const check = (result: number): void => {
    if (result < 0) throw new SystemCallError("ioctl", koffi.errno());
  };
  return Object.assign((fd: number, request: number, argument: Uint8Array) => check(call(fd, request | 0, argument)), {
    prepare(argument: Uint8Array) {
      // A small array lies where V8 moves things, until somebody has asked for its buffer; and what is not held is collected.
      const held = { buffer: argument.buffer, address: Number(koffi.address(argument)) };
      return (fd: number, request: number) => check(callAt(fd, request | 0, held.address));
    },
  });
}
