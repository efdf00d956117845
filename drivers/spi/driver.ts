/** What the SPI driver server needs from a back-end: `simulated.ts` of board `virtual`, `linux.ts` on a device node. */

export type Bytes = Uint8Array<ArrayBuffer>;

export type SpiTerms = {
  /** The highest clock, in hertz. */
  readonly speed: number;
  /** Polarity and phase of the clock (CPOL, CPHA). */
  readonly mode: 0 | 1 | 2 | 3;
};

/** A device that is open. */
export type SpiDevice = {
  /**
   * Selects the device, sends the bytes and takes as many at the same time. Throws DEVICE_ABSENT where it was taken away, DEVICE_FAILED for any
   * other fault. One at a time.
   */
  transfer(write: Bytes, speed: number): Promise<Bytes>;
  close(): Promise<void>;
};

export type SpiDriver = {
  /** Throws DEVICE_ABSENT where the board's `device` is not there, DEVICE_VALUE_REFUSED where it cannot be had on these terms. */
  open(device: string, terms: SpiTerms): Promise<SpiDevice>;
};

/** The most bytes of one transfer: what the kernel takes where nobody told it otherwise (spidev.bufsiz). */
export const maxTransferBytes = 4096;
