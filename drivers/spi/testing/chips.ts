/** What can be said to what hangs on a SPI device, and what must come back, by the chips' data sheets. */

/** One transfer. `read`: what comes in the place of each byte that goes out; undefined: whatever. */
export type Exchange = { readonly write: readonly number[]; readonly read: readonly (number | undefined)[] };

export type SpiChip = {
  /** A transfer of so many bytes whose answer is known as far as its length lets it be; `nth`: others have other answers. */
  exchange(length: number, nth: number): Exchange;
  /** Transfers in this order, by which the chip keeps a byte and, in the last, gives it back. Undefined: it keeps nothing. */
  keeping?(value: number): readonly Exchange[];
  /** Transfers in this order that are answered so only if each ends with the chip being let go. Undefined: it does not show. */
  readonly letGo?: readonly Exchange[];
};

/** Data out joined with data in. */
export const loop: SpiChip = {
  exchange(length, nth) {
    const write = Array.from({ length }, (_, at) => (nth + at * 37) & 0xff);
    return { write, read: write };
  },
};

const command = (...write: number[]): Exchange => ({ write, read: [] });
/** An instruction, and zeros in the places of the answer. */
const question = (write: readonly number[], ...answer: number[]): Exchange => ({
  write: [...write, ...answer.map(() => 0)],
  read: [...write.map(() => undefined), ...answer],
});
/** Zeros behind it, up to a length. */
const filled = ({ write, read }: Exchange, length: number): Exchange => ({
  write: [...write, ...Array.from({ length: Math.max(0, length - write.length) }, () => 0)].slice(0, length),
  read: read.slice(0, length),
});

const writeEnable = command(0x06);
const identity = [0xbf, 0x25, 0x41];
/** 4096 bytes that a test may erase. */
const sector = 0x10_00;
const at = (address: number) => [address >> 16, (address >> 8) & 0xff, address & 0xff];

/** A flash memory, SST25VF016B ("Instructions"). It is never busy here: an emulated one, which erases and writes at once. */
export const sst25vf016b: SpiChip = {
  exchange(length, nth) {
    const status = question([0x05], 0);
    return filled(nth % 2 === 0 ? question([0x9f], ...identity) : status, length);
  },
  keeping: (value) => [
    writeEnable,
    command(0x20, ...at(sector)),
    question([0x03, ...at(sector)], 0xff),
    writeEnable,
    command(0x02, ...at(sector), value),
    question([0x03, ...at(sector)], value),
  ],
  // The latch that lets the memory be written: an instruction is one only at the beginning of a transfer.
  letGo: [writeEnable, question([0x05], 2), command(0x04), question([0x05], 0)],
};

/**
 * A flash memory, N25Q128A ("Command Definitions"), whose chip select is joined with nothing: only what ends by itself is said to it, which is its
 * number, with the three bytes behind it, and its volatile configuration. Zeros say nothing to it.
 */
export const n25q128a: SpiChip = {
  exchange(length, nth) {
    if (length < 7 || nth % 2 !== 0) return filled({ write: [], read: [] }, length);
    return filled({ write: [0x9f], read: [undefined, 0x20, 0xba, 0x18] }, length);
  },
  keeping(value) {
    // Its lower half says how bytes come: as they are from the beginning.
    const kept = ((value & 0x0f) << 4) | 0x0b;
    return [writeEnable, command(0x81, kept), question([0x85], kept)];
  },
};
