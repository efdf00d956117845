/** The back-end on Linux: reads `since_epoch` of sysfs, and sets by RTC_SET_TIME, which sysfs has no attribute for. */
import { open } from "node:fs/promises";
import { endianness } from "node:os";
import { BulkheadError } from "@bulkhead/protocol";
import { kernelError, openAttributes } from "../sysfs/attributes.ts";
import type { Ioctl } from "../system-calls.ts";
import type { RtcDriver } from "./driver.ts";

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
        return (await openAttributes(attributesOf(device), device).readNumber("since_epoch")) * 1000;
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
        throw kernelError(`${device}: its time`, error);
      }
    },
  };
}

/** A chip whose oscillator stood still says so; its driver answers EINVAL then (drivers/rtc/rtc-ds1307.c). */
function unset(device: string, error: unknown): unknown {
  if (!(error instanceof BulkheadError) || error.code !== "DEVICE_VALUE_REFUSED") return error;
  return new BulkheadError("RTC_UNSET", `${device} has no time: it was never set, or its battery is empty`, {
    remedy: "set it",
    cause: error,
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
