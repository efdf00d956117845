/**
 * AT24 serial EEPROMs (AT24C02 to AT24C256, and their like). Source: Microchip (Atmel), AT24C01C/02C data sheet (doc. 8700) and AT24C256C data
 * sheet (doc. 8568), "Write Operations" (Byte Write, Page Write, Acknowledge Polling) and "Read Operations" (Random Read, Sequential Read).
 * Grant: `read-write`; with `registerBytes: 2` where the chip has two bytes of address.
 */
import { setTimeout as wait } from "node:timers/promises";
import { BulkheadError } from "@bulkhead/protocol";
import type { I2cDevice } from "./device.ts";

export type At24Shape = {
  /** 256 bytes: AT24C02; 32768: AT24C256. */
  readonly sizeBytes: number;
  /** Written at once; a write that goes on past the end of a page would go on at its beginning. */
  readonly pageBytes: number;
};

export const at24c02: At24Shape = { sizeBytes: 256, pageBytes: 8 };
export const at24c256: At24Shape = { sizeBytes: 32_768, pageBytes: 64 };

/** The chip writes a page in 5 ms at most and does not answer meanwhile; a slow one gets four times that. */
const writeCycleMs = 20;
/** As long as one call may carry. */
const readBytes = 1024;

export type At24 = {
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Resolves when the chip has kept all of it. A failure in the middle leaves the pages before it written. */
  write(offset: number, data: Uint8Array): Promise<void>;
};

export function createAt24(device: I2cDevice, { sizeBytes, pageBytes }: At24Shape): At24 {
  const check = (offset: number, length: number): void => {
    if (Number.isInteger(offset) && offset >= 0 && offset + length <= sizeBytes) return;
    throw new RangeError(`${offset} to ${offset + length} is not within the ${sizeBytes} bytes of the chip`);
  };
  return {
    async read(offset, length) {
      check(offset, length);
      const all = new Uint8Array(length);
      for (let at = 0; at < length; at += readBytes) {
        const count = Math.min(readBytes, length - at);
        all.set((await device.readRegister({ register: offset + at, length: count })).data, at);
      }
      return all;
    },
    async write(offset, data) {
      check(offset, data.length);
      for (let at = 0; at < data.length; ) {
        const register = offset + at;
        const count = Math.min(pageBytes - (register % pageBytes), data.length - at);
        await device.writeRegister({ register, data: data.slice(at, at + count) });
        await acknowledged(device, register);
        at += count;
      }
    },
  };
}

/** Acknowledge polling: the address of the chip and of a byte, and no data, until the chip answers. Throws what it answered last. */
async function acknowledged(device: I2cDevice, register: number): Promise<void> {
  const untilMs = performance.now() + writeCycleMs;
  for (;;) {
    // When it is asked counts, not when the answer comes: the chip may have been ready long before a busy machine goes on.
    const askedMs = performance.now();
    const fault = await device.writeRegister({ register, data: new Uint8Array() }).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (fault === undefined) return;
    const isBusy = fault instanceof BulkheadError && fault.code === "I2C_NO_ACKNOWLEDGE";
    if (!isBusy || askedMs > untilMs) throw fault;
    await wait(1);
  }
}
