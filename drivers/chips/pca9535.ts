/**
 * PCA9535, an expander with 16 lines. Source: NXP, PCA9535/PCA9535C data sheet, "Registers": input port (0, 1), output port (2, 3), polarity
 * inversion (4, 5), configuration (6, 7); two bytes in one transfer go to both of a pair. Line 0 is IO0_0, line 8 is IO1_0. Grant: `read-write`.
 */
import type { I2cDevice } from "./device.ts";

const input = 0;
const output = 2;
const polarity = 4;
const configuration = 6;

export type Pca9535 = {
  /** The levels at all 16 pins, inputs and outputs, line 0 in bit 0. */
  read(): Promise<number>;
  /** Sets the lines of `mask` to the bits of `levels`; the other outputs keep theirs. */
  write(mask: number, levels: number): Promise<void>;
};

/**
 * Makes the lines of `outputs` outputs with these levels, and the rest inputs. The levels are set first, so no line shows another one
 * between; polarity inversion is switched off. All 16 lines belong to who calls this: two of them at one chip would undo each other's.
 */
export async function openPca9535(device: I2cDevice, outputs: number, levels: number): Promise<Pca9535> {
  const put = (register: number, bits: number) =>
    device.writeRegister({ register, data: Uint8Array.of(bits & 0xff, (bits >> 8) & 0xff) });
  let kept = levels & 0xffff;
  /** One write after the other: each goes on from what the one before left. */
  let turn: Promise<unknown> = Promise.resolve();
  await put(output, kept);
  await put(polarity, 0);
  // A one in it makes an input.
  await put(configuration, ~outputs);
  return {
    async read() {
      const { data } = await device.readRegister({ register: input, length: 2 });
      const [low = 0, high = 0] = data;
      return low | (high << 8);
    },
    write(mask, wanted) {
      const done = turn.then(async () => {
        const next = (kept & ~mask) | (wanted & mask & 0xffff);
        await put(output, next);
        kept = next;
      });
      turn = done.catch(() => undefined);
      return done;
    },
  };
}
