/**
 * The native part of the package serialport (`@serialport/bindings-cpp`): termios, lock and readiness of a tty, which Node
 * has no calls for. Its JavaScript part is left out: that one goes on reading for ever where a port was hung up (decision 33).
 */
import { createRequire } from "node:module";
import { promisify } from "node:util";
import type { SerialSettings } from "@bulkhead/sdk";
import { type CreatePoller, keepPollers, type PollerClass } from "../poller.ts";

type Answer<T> = (error: Error | null, value: T) => void;

type Native = {
  open(path: string, options: Record<string, unknown>, answer: Answer<number>): void;
  getBaudRate(fd: number, answer: Answer<{ baudRate: number }>): void;
  drain(fd: number, answer: Answer<void>): void;
  flush(fd: number, answer: Answer<void>): void;
  close(fd: number, answer: Answer<void>): void;
  Poller: PollerClass;
};

export type Addon = {
  /** Throws an Error whose text has what strerror(3) says. */
  open(path: string, settings: SerialSettings): Promise<number>;
  /** What the kernel really set. */
  speedOf(fd: number): Promise<number>;
  drain(fd: number): Promise<void>;
  flush(fd: number): Promise<void>;
  close(fd: number): Promise<void>;
  readonly createPoller: CreatePoller;
};

/** Loads the add-on from `file`. Throws what Node says where it does not fit this machine. */
export function loadAddon(file: string): Addon {
  const native: Native = createRequire(import.meta.url)(file);
  const speedOf = promisify(native.getBaudRate);
  return {
    open: (path, settings) => promisify(native.open)(path, optionsOf(settings)),
    speedOf: async (fd) => (await speedOf(fd)).baudRate,
    drain: promisify(native.drain),
    flush: promisify(native.flush),
    close: promisify(native.close),
    createPoller: keepPollers(native),
  };
}

function optionsOf({ speed, dataBits, parity, stopBits, flow }: SerialSettings): Record<string, unknown> {
  return {
    ...{ baudRate: speed, dataBits, parity, stopBits },
    ...{ rtscts: flow === "rts-cts", xon: flow === "xon-xoff", xoff: flow === "xon-xoff", xany: false },
    // A read without data answers EAGAIN, so that a read of nothing is the end. A lock keeps other programs out.
    ...{ vmin: 1, vtime: 0, lock: true, hupcl: true, rtsMode: "handshake" },
  };
}
