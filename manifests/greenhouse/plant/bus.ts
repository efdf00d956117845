/** The sensors of the greenhouse as registers on I2C bus 2, the way a driver meets them. */
import { BulkheadError } from "@bulkhead/protocol";
import type { Greenhouse } from "./model.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const sensorBus = 2;
const thermometerAddress = 0x48;
const soilSensorAddress = 0x36;

/**
 * Reads `readLength` bytes from the register that the first written byte names; past the last register a sensor gives
 * 0xff, as a bus that nobody pulls down does.
 *
 * @throws BulkheadError I2C_NO_ACKNOWLEDGE where no sensor has the address
 */
export function readSensor(state: Greenhouse, bus: number, address: number, write: Bytes, readLength: number): Bytes {
  const registers = bus === sensorBus ? sensors[address] : undefined;
  if (!registers) {
    throw new BulkheadError("I2C_NO_ACKNOWLEDGE", `i2c-${bus}: no device at 0x${address.toString(16)}`);
  }
  const read = new Uint8Array(readLength).fill(0xff);
  if (write[0] === 0) read.set(registers(state).subarray(0, readLength));
  return read;
}

const sensors: Readonly<Record<number, (state: Greenhouse) => Bytes>> = {
  [thermometerAddress]: (state) => encodeTemperature(state.temperatureC),
  // A capacitive sensor of no particular make: thousandths of saturation, big endian.
  [soilSensorAddress]: (state) => bigEndian(Math.round(state.moisture * 1000)),
};

/**
 * Register 0 of a TMP102: 12 bits, two's complement, 0.0625 °C each, left-aligned in two bytes.
 * Source: Texas Instruments SBOS397, "Temperature Register".
 */
export function encodeTemperature(temperatureC: number): Bytes {
  const steps = Math.max(-0x800, Math.min(0x7ff, Math.round(temperatureC / 0.0625)));
  return bigEndian((steps & 0xfff) << 4);
}

function bigEndian(value: number): Bytes {
  return Uint8Array.of(value >> 8, value & 0xff);
}
