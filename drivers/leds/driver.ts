/** What the LED driver server needs from a back-end: `simulated.ts` of board `virtual`, `linux.ts` on /sys/class/leds. */

export type LedState = { readonly percent: number; readonly blinks: "no" | "kernel" | "driver" };

export type Led = {
  set(percent: number): Promise<void>;
  blink(onMs: number, offMs: number): Promise<void>;
  read(): Promise<LedState>;
  /** As it was when it was taken. */
  restore(): Promise<void>;
};

export type LedDriver = {
  /**
   * Takes a LED away from what drives it else (its trigger), and puts it out.
   *
   * @throws BulkheadError DEVICE_ABSENT, DEVICE_FAILED
   */
  take(device: string): Promise<Led>;
};
