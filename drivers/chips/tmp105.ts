/**
 * TMP105 and TMP102, thermometers. Source: Texas Instruments, TMP105 data sheet (SBOS648) and TMP102 data sheet (SBOS397), "Pointer Register",
 * "Temperature Register", "Configuration Register", "High- and Low-Limit Registers". Grant: `access: read` to read, `read-write` for the rest.
 */
import type { I2cDevice } from "./device.ts";

const temperature = 0;
const configuration = 1;
const lowLimit = 2;
const highLimit = 3;

/** One step of the 12 bits is 0.0625 °C; they stand at the left of two bytes. */
const stepMicroC = 62_500;

export type Tmp105 = {
  /** Thousandths of a degree Celsius: the last conversion, which may be `conversionMs` old. */
  readMilliC(): Promise<number>;
  /** Bits of the next conversions: a TMP105 begins with 9 (steps of 0.5 °C); each bit more doubles their time. A TMP102 has 12 always. */
  setResolution(bits: 9 | 10 | 11 | 12): Promise<void>;
  /** Where the chip's ALERT goes on and off, in thousandths of a degree; rounded to 0.0625 °C. */
  setLimits(limits: { lowMilliC: number; highMilliC: number }): Promise<void>;
};

/** The time of one conversion of a TMP105 at most, by its bits ("Electrical Characteristics", conversion time). */
export const conversionMs = { 9: 40, 10: 80, 11: 160, 12: 320 } as const;

export function createTmp105(device: I2cDevice): Tmp105 {
  return {
    async readMilliC() {
      const { data } = await device.readRegister({ register: temperature, length: 2 });
      return fromRegister(data);
    },
    async setResolution(bits) {
      const { data } = await device.readRegister({ register: configuration, length: 1 });
      const [before = 0] = data;
      // Bits 6 and 5 of the first byte: R1, R0.
      await device.writeRegister({
        register: configuration,
        data: Uint8Array.of((before & ~0x60) | ((bits - 9) << 5)),
      });
    },
    async setLimits({ lowMilliC, highMilliC }) {
      if (lowMilliC >= highMilliC) throw new RangeError("the low limit must be below the high one");
      await device.writeRegister({ register: highLimit, data: toRegister(highMilliC) });
      await device.writeRegister({ register: lowLimit, data: toRegister(lowMilliC) });
    },
  };
}

function fromRegister([high = 0, low = 0]: Uint8Array): number {
  const steps = ((high << 24) | (low << 16)) >> 20;
  return (steps * stepMicroC) / 1000;
}

/** Throws RangeError outside of what the register can say, −128 to 127.9375 °C. */
function toRegister(milliC: number): Uint8Array<ArrayBuffer> {
  const steps = Math.round((milliC * 1000) / stepMicroC);
  if (!(steps >= -2048 && steps <= 2047)) throw new RangeError(`${milliC} m°C is no limit that the chip can have`);
  return Uint8Array.of((steps >> 4) & 0xff, (steps << 4) & 0xf0);
}
