/** Chips as far as their data sheets say what they answer, for tests without a bus. Each is a model of one chip, not of its driver. */
import { BulkheadError } from "@bulkhead/protocol";
import { type I2cDriver, nameOf } from "../driver.ts";

/** What a chip does with one transfer. */
export type Model = {
  /** False: it does not acknowledge its address. */
  isListening(): boolean;
  /** The bytes of one message, from START to STOP or to a repeated START. */
  write(bytes: readonly number[]): void;
  read(): number;
  /** A STOP was seen. */
  stop(): void;
};

/** A bus with chips on it, by address. `transfers` tells what reached it. */
export function modelBus(
  chips: Readonly<Record<number, Model>>,
  bus = 2,
): I2cDriver & { readonly transfers: string[] } {
  const transfers: string[] = [];
  return {
    transfers,
    async transfer(asked, address, write, readLength) {
      if (asked !== bus) throw new BulkheadError("DEVICE_ABSENT", `i2c-${asked} is not there`);
      const chip = chips[address];
      transfers.push(`0x${address.toString(16)} w${[...write].join(",")} r${readLength}`);
      if (!chip?.isListening()) throw new BulkheadError("I2C_NO_ACKNOWLEDGE", nameOf(bus, address));
      if (write.length > 0) chip.write([...write]);
      const read = Uint8Array.from({ length: readLength }, () => chip.read());
      chip.stop();
      return read;
    },
  };
}

/** A chip of registers with a pointer that goes on by itself. `onWrite` may change what was written. */
export function registers(
  memory: Uint8Array,
  onWrite: (register: number, value: number) => number = (_, value) => value,
): Model {
  let pointer = 0;
  return {
    isListening: () => true,
    write([first = 0, ...values]) {
      pointer = first % memory.length;
      for (const value of values) {
        memory[pointer] = onWrite(pointer, value);
        pointer = (pointer + 1) % memory.length;
      }
    },
    read() {
      const value = memory[pointer] ?? 0;
      pointer = (pointer + 1) % memory.length;
      return value;
    },
    stop() {},
  };
}

/**
 * An AT24: bytes of one page are taken over at the STOP, the address in a page goes round, and for `busyMs` after that the chip does not
 * answer.
 */
export function eeprom(memory: Uint8Array, pageBytes: number, addressBytes: 1 | 2, busyMs = 2): Model {
  let pointer = 0;
  let pending: number[] = [];
  let busyUntilMs = 0;
  return {
    isListening: () => performance.now() >= busyUntilMs,
    write(bytes) {
      const address = bytes.slice(0, addressBytes).reduce((sum, byte) => sum * 256 + byte, 0);
      pointer = address % memory.length;
      pending = bytes.slice(addressBytes);
    },
    read() {
      pending = [];
      const value = memory[pointer] ?? 0;
      pointer = (pointer + 1) % memory.length;
      return value;
    },
    stop() {
      if (pending.length === 0) return;
      const page = pointer - (pointer % pageBytes);
      for (const value of pending) {
        memory[pointer] = value;
        pointer = page + ((pointer + 1) % pageBytes);
      }
      pending = [];
      busyUntilMs = performance.now() + busyMs;
    },
  };
}
