/** The native part of the package spi-device; its JavaScript only looks for it where npm would compile it. */
import { createRequire } from "node:module";

type Answer<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

export type RawDevice = {
  transfer(message: readonly RawTransfer[], answer: Answer<unknown>): void;
  close(answer: Answer<void>): void;
};
export type RawTransfer = {
  readonly byteLength: number;
  readonly sendBuffer: Buffer;
  readonly receiveBuffer: Buffer;
  readonly speedHz: number;
};

export type SpiAddOn = {
  /** Opens /dev/spidev<bus>.<select>; in a sandbox that is the node that the board's name stands for. */
  open(bus: number, select: number, options: { mode: number; maxSpeedHz: number }, answer: Answer<void>): RawDevice;
};

/** Loads the add-on from `file`. Throws what Node says where it does not fit this machine. */
export function loadAddOn(file: string): SpiAddOn {
  return createRequire(import.meta.url)(file);
}
