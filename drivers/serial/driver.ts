/** What the serial driver server needs from a back-end: `simulated.ts` of board `virtual`, `linux.ts` on a tty. */
import type { SerialSettings } from "@bulkhead/sdk";

export type Bytes = Uint8Array<ArrayBuffer>;

/** A port that is open. After SERIAL_PORT_GONE nothing works but `close`. */
export type SerialPort = {
  /** Resolves when the port's buffer has taken all of it. Throws SERIAL_PORT_GONE. */
  write(data: Bytes): Promise<void>;
  /** Resolves when the last bit has left. Throws SERIAL_PORT_GONE. */
  drain(): Promise<void>;
  /** Waits for bytes; undefined after `close`. Throws SERIAL_PORT_GONE. One at a time. */
  read(): Promise<Bytes | undefined>;
  /** Throws away what is on its way in or out. Never throws. */
  close(): Promise<void>;
};

export type SerialDriver = {
  /**
   * Opens the port that the board calls `port`, for this process alone.
   *
   * @throws BulkheadError SERIAL_PORT_ABSENT, SERIAL_PORT_BUSY, DEVICE_FAILED where it does not take the settings
   */
  open(port: string, settings: SerialSettings): Promise<SerialPort>;
};
