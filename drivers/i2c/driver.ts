/**
 * What the I2C driver server needs from a back-end. The simulated one is beside it; one on `/dev/i2c-*` (package
 * i2c-bus: `i2cWrite`, `i2cRead`, combined by I2C_RDWR) fits the same shape.
 */

export type Bytes = Uint8Array<ArrayBuffer>;

export type I2cDriver = {
  /**
   * One transfer on the bus: writes `write`, then, behind a repeated start, reads `readLength` bytes (0: none).
   * Source: UM10204 (I2C-bus specification), section 3.1.10.
   *
   * @throws BulkheadError I2C_NO_ACKNOWLEDGE where no device answers at the address, DEVICE_FAILED for any other fault
   */
  transfer(bus: number, address: number, write: Bytes, readLength: number): Promise<Bytes>;
};
