/** What the RTC driver server needs from a back-end: `simulated.ts` of board `virtual`, `linux.ts` on /dev/rtc*. */

export type RtcDriver = {
  /** Milliseconds since 1970. Throws RTC_UNSET, DEVICE_ABSENT, DEVICE_BUSY, DEVICE_FAILED. */
  read(device: string): Promise<number>;
  /** `timeMs` is of a whole second. Throws RTC_NOT_SETTABLE, too, where the kernel does not let the driver: in a sandbox. */
  set(device: string, timeMs: number): Promise<void>;
};
