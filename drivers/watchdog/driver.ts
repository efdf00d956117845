/** What the watchdog driver server needs from a back-end: `simulated.ts` of board `virtual`, `linux.ts` on /dev/watchdog*. */
import type { ResetCause } from "./interface.ts";

export type WatchdogState = {
  readonly identity: string;
  readonly isRunning: boolean;
  readonly timeoutSeconds: number;
  readonly leftSeconds: number | null;
  readonly isStoppable: boolean;
  readonly lastReset: ResetCause[];
};

/** One device. It outlives its clients: nothing but `stop` stops it. */
export type Watchdog = {
  /**
   * Starts it where it does not run, and sets its time. Answers with the time that it really has.
   *
   * @throws BulkheadError DEVICE_ABSENT, DEVICE_BUSY where another program has it, DEVICE_VALUE_REFUSED
   */
  start(timeoutSeconds: number): Promise<number>;
  /** Throws WATCHDOG_NOT_STARTED; DEVICE_ABSENT where it was taken away. */
  pet(): Promise<void>;
  /** Throws WATCHDOG_NOT_STOPPABLE, and it runs on. */
  stop(): Promise<void>;
  read(): Promise<WatchdogState>;
  /** Lets go of it as a crash would: it runs on, and resets the board unless somebody starts it again. Never throws. */
  abandon(): Promise<void>;
};

export type WatchdogDriver = { open(device: string): Watchdog };
