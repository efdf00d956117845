/** What the I2C driver server needs from a back-end: `simulated.ts` of board `virtual`, `linux.ts` on a device node. */

export type Bytes = Uint8Array<ArrayBuffer>;

export type I2cDriver = {
  /**
   * One transfer on the bus: writes `write`, then, behind a repeated start, reads `readLength` bytes (0: none), then a STOP. At least one
   * byte goes one way or the other. Nothing is tried again. Source: UM10204 (I2C-bus specification), section 3.1.10.
   *
   * @throws BulkheadError I2C_NO_ACKNOWLEDGE where no device answers at the address, or refuses a byte; I2C_BUS_FAILED, I2C_BUS_HUNG,
   * DEVICE_BUSY where the kernel itself has the address, DEVICE_ABSENT where the bus is gone, DEVICE_FAILED for any other fault
   */
  transfer(bus: number, address: number, write: Bytes, readLength: number): Promise<Bytes>;
};

/** The most bytes of one transfer, in each direction: half of what Linux takes (drivers/i2c/i2c-dev.c). */
export const maxTransferBytes = 4096;

/** A device on a bus, as messages have it: `i2c-2 0x48`. */
export const nameOf = (bus: number, address: number): string => `i2c-${bus} 0x${address.toString(16)}`;
