/**
 * The native part of the package socketcan. Its JavaScript, which looks for the add-on where npm would compile it and knows databases of signals,
 * is left out.
 */
import { createRequire } from "node:module";

/** `err`: the identifier is a set of kinds of errors (linux/can/error.h). */
export type RawFrame = {
  readonly id: number;
  readonly data: Buffer;
  readonly err?: boolean;
  readonly ext?: boolean;
  readonly rtr?: boolean;
  readonly ts_sec?: number;
  readonly ts_usec?: number;
};

/** Identifiers and masks as the kernel's filters have them, flags included. */
export type RawFilter = { readonly id: number; readonly mask: number; readonly invert?: boolean };

export type RawChannel = {
  addListener(event: "onMessage", callback: (frame: RawFrame) => void): void;
  addListener(event: "onStopped", callback: () => void): void;
  start(): void;
  /** Tells `onStopped`. */
  stop(): void;
  /** Bytes that the kernel took; -1 where it took none. */
  send(frame: { id: number; ext: boolean; rtr: boolean; data: Buffer }): number;
  /** None at all changes nothing, and everything is heard. */
  setRxFilters(filters: readonly RawFilter[]): void;
};

export type CanAddOn = {
  /** Throws where the interface is not there. `protocol` 1: CAN_RAW. */
  readonly RawChannel: new (
    device: string,
    timestamps: boolean,
    protocol: 1,
    nonBlocking: boolean,
  ) => RawChannel;
};

/** Loads the add-on from `file`. Throws what Node says where it does not fit this machine. */
export function loadAddOn(file: string): CanAddOn {
  return createRequire(import.meta.url)(file);
}
