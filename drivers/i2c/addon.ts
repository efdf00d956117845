/** The native part of the I2C driver (native/transfer.c): two requests of the kernel that Node has no calls for. */
import { createRequire } from "node:module";

export type I2cAddOn = {
  /** Ties an open node to an address. The error's number; EBUSY where a driver of the kernel has it. Nothing reaches the wire. */
  claim(fd: number, address: number): number;
  /** One transfer, on a thread of the pool; then `done` with the error's number, or 0. */
  transfer(fd: number, address: number, write: Uint8Array, read: Uint8Array, done: (error: number) => void): void;
};

/** Loads the add-on from `file`. Throws what Node says where it does not fit this machine. */
export function loadAddOn(file: string): I2cAddOn {
  return createRequire(import.meta.url)(file);
}
