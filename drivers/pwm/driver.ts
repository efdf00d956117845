/** What the PWM driver server needs from a back-end: `simulated.ts` of board `virtual`, `linux.ts` on /sys/class/pwm. */

export type Polarity = "normal" | "inversed";
/** Active for `dutyNs` of every `periodNs`. */
export type Signal = { readonly periodNs: number; readonly dutyNs: number };

export type PwmOutput = {
  /** Throws DEVICE_VALUE_REFUSED where the controller cannot do it. */
  set(signal: Signal): Promise<void>;
  off(): Promise<void>;
  /** What the controller says that it does. */
  read(): Promise<Signal & { isOn: boolean }>;
};

export type PwmDriver = {
  /**
   * Takes an output, which is off then.
   *
   * @throws BulkheadError DEVICE_ABSENT, DEVICE_BUSY where another driver of the kernel has it, DEVICE_FAILED
   */
  take(device: string, channel: number, polarity: Polarity): Promise<PwmOutput>;
  /** Puts off what a life before this one may have left on. */
  offAll(): Promise<void>;
};
