/**
 * DS1307 and DS1338, clocks with a battery. Source: Maxim (Analog Devices), DS1307 data sheet, "Clock and Calendar", table 2 (registers 0 to 6,
 * BCD; CH; 12 or 24 hours), and DS1338 data sheet, "Control Register" (OSF). The chip holds the time of a START for the whole of a read, so all
 * seven registers are read in one transfer. Grant: `access: read` to read, `read-write` to set.
 */
import { BulkheadError } from "@bulkhead/protocol";
import type { I2cDevice } from "./device.ts";

const clockHalt = 0x80;
const twelveHours = 0x40;
const afternoon = 0x20;
/** Of the control register (7) of a DS1338. */
const oscillatorStopped = 0x20;

export type Ds1307 = {
  /** UTC, as it was set. Throws RTC_UNSET where the chip has lost its time, or never had one. */
  read(): Promise<Date>;
  /** Sets it to the second, and starts the clock; years 2000 to 2099. */
  set(time: Date): Promise<void>;
};

export function createDs1307(device: I2cDevice, model: "ds1307" | "ds1338" = "ds1307"): Ds1307 {
  return {
    async read() {
      const { data } = await device.readRegister({ register: 0, length: model === "ds1338" ? 8 : 7 });
      const [second = 0, minute = 0, hour = 0, , day = 0, month = 0, year = 0, control = 0] = data;
      const isStopped = (second & clockHalt) !== 0 || (model === "ds1338" && (control & oscillatorStopped) !== 0);
      const parts = [
        fromBcd(year),
        fromBcd(month),
        fromBcd(day),
        hourOf(hour),
        fromBcd(minute),
        fromBcd(second),
      ] as const;
      const time = timeOf(parts);
      if (!isStopped && time !== undefined) return time;
      throw new BulkheadError("RTC_UNSET", isStopped ? "the clock stood still" : "the clock holds no time", {
        remedy: "set it; where that does not last, look at its battery",
      });
    },
    async set(time) {
      const year = time.getUTCFullYear();
      if (!(year >= 2000 && year <= 2099)) throw new RangeError(`the clock has no year ${year}`);
      const values = [
        ...[time.getUTCSeconds(), time.getUTCMinutes(), time.getUTCHours(), time.getUTCDay() + 1],
        ...[time.getUTCDate(), time.getUTCMonth() + 1, year - 2000],
      ];
      // CH is the top bit of the seconds, and zero in them.
      await device.writeRegister({ register: 0, data: Uint8Array.from(values, toBcd) });
      if (model === "ds1307") return;
      const { data } = await device.readRegister({ register: 7, length: 1 });
      await device.writeRegister({ register: 7, data: Uint8Array.of((data[0] ?? 0) & ~oscillatorStopped) });
    },
  };
}

const toBcd = (value: number): number => (Math.floor(value / 10) << 4) | (value % 10);
/** NaN for what is no pair of digits. */
const fromBcd = (value: number): number =>
  value >> 4 > 9 || (value & 0xf) > 9 ? Number.NaN : (value >> 4) * 10 + (value & 0xf);

/** In 12-hour mode 12 is the first hour of both halves of a day. */
function hourOf(hour: number): number {
  if (!(hour & twelveHours)) return fromBcd(hour);
  return (fromBcd(hour & 0x1f) % 12) + (hour & afternoon ? 12 : 0);
}

type Parts = readonly [year: number, month: number, day: number, hour: number, minute: number, second: number];

/** Undefined for 31 February and the like, which a chip that was never set can hold. */
function timeOf([year, month, day, hour, minute, second]: Parts): Date | undefined {
  const time = new Date(Date.UTC(2000 + year, month - 1, day, hour, minute, second));
  const isSame =
    time.getUTCMonth() === month - 1 &&
    time.getUTCDate() === day &&
    time.getUTCHours() === hour &&
    time.getUTCMinutes() === minute &&
    time.getUTCSeconds() === second;
  return isSame ? time : undefined;
}
