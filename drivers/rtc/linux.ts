/** The back-end on Linux: reads `since_epoch` of sysfs, and sets by RTC_SET_TIME, which sysfs has no attribute for. */
import { open } from "node:fs/promises";
import { endianness } from "node:os";
import { BulkheadError } from "@bulkhead/protocol";
import { isForbidden, kernelError, openAttributes } from "../sysfs/attributes.ts";
import type { Ioctl } from "../system-calls.ts";
import type { RtcDriver } from "./driver.ts";
import { latestMs } from "./interface.ts";

/** `_IOW('p', 0x0a, struct rtc_time)` (include/uapi/linux/rtc.h). */
const RTC_SET_TIME = 0x4024_700a;

export type RtcPlaces = {
  attributesOf(device: string): string;
  nodeOf(device: string): string;
};

export function linuxRtc({ attributesOf, nodeOf }: RtcPlaces, ioctl: Ioctl): RtcDriver {
  return {
    async read(device) {
      try {
        return inRange(device, (await openAttributes(attributesOf(device), device).readNumber("since_epoch")) * 1000);
      } catch (error) {
        throw unset(device, error);
      }
    },
    async set(device, timeMs) {
      try {
        const file = await open(nodeOf(device), "r");
        try {
          ioctl(file.fd, RTC_SET_TIME, rtcTime(timeMs));
        } finally {
          await file.close();
        }
      } catch (error) {
        throw isForbidden(error) ? notSettable(device, error) : kernelError(`${device}: its time`, error);
      }
    },
  };
}

/** What a chip has in its registers after it lost its power may be any date. */
function inRange(device: string, timeMs: number): number {
  if (timeMs >= 0 && timeMs <= latestMs) return timeMs;
  throw new BulkheadError("DEVICE_FAILED", `${device} says ${timeMs / 1000} s since 1970, which is no time`, {
    remedy: "set it; if that does not help, look at its battery",
  });
}

/** A chip whose oscillator stood still says so; its driver answers EINVAL then (drivers/rtc/rtc-ds1307.c). */
function unset(device: string, error: unknown): unknown {
  if (!(error instanceof BulkheadError) || error.code !== "DEVICE_VALUE_REFUSED") return error;
  return new BulkheadError("RTC_UNSET", `${device} has no time: it was never set, or its battery is empty`, {
    remedy: "set it",
    cause: error,
  });
}

/** The kernel asks for CAP_SYS_TIME (drivers/rtc/dev.c): with it a driver could set the clock of the whole system, so none has it. */
function notSettable(device: string, cause: unknown): BulkheadError {
  return new BulkheadError("RTC_NOT_SETTABLE", `${device}: the kernel lets nobody set it who has not CAP_SYS_TIME`, {
    remedy:
      "set it with the board's own tools (hwclock), or take a clock on an I2C bus that no driver of the kernel has (drivers/chips/ds1307.ts)",
    cause,
  });
}

/** `struct rtc_time`: nine ints, of which the kernel reads the first six. */
function rtcTime(timeMs: number): Uint8Array {
  const date = new Date(timeMs);
  const fields = [
    date.getUTCSeconds(),
    date.getUTCMinutes(),
    date.getUTCHours(),
    date.getUTCDate(),
    date.getUTCMonth(),
    date.getUTCFullYear() - 1900,
    ...[0, 0, 0],
  ];
  const view = new DataView(new ArrayBuffer(fields.length * 4));
  for (const [index, value] of fields.entries()) view.setInt32(index * 4, value, endianness() === "LE");
  return new Uint8Array(view.buffer);
}
