/**
 * One device on an I2C bus. The grant fixes bus and address, so a client never names them, and how wide its registers' numbers are.
 * Nothing is tried again by itself: who wants that knows what a second time does to the chip.
 */
import { type I2cDeviceGrant, i2cDeviceGrant } from "@bulkhead/protocol";
import { defineInterface } from "@bulkhead/sdk";
import { z } from "zod";
import { maxTransferBytes } from "./driver.ts";

const bytes = z
  .instanceof(Uint8Array)
  .refine((data) => data.length <= maxTransferBytes, `at most ${maxTransferBytes} bytes`);
const register = z.number().int().min(0).max(0xffff);

export const i2cDeviceInterface = defineInterface({
  name: "i2c-device",
  grant: i2cDeviceGrant,
  operations: {
    /** Reads `length` bytes from `register` on: the register's number (one byte, or two, the higher first), a repeated start, the bytes. */
    readRegister: {
      arguments: z.strictObject({ register, length: z.number().int().min(1).max(maxTransferBytes) }),
      result: z.strictObject({ data: z.instanceof(Uint8Array) }),
      idempotent: true,
    },
    /** Writes the bytes behind the register's number. Needs `access: read-write`. */
    writeRegister: {
      arguments: z.strictObject({ register, data: bytes }),
      result: z.null(),
      idempotent: false,
    },
    /**
     * One transfer as the chip's data sheet draws it: writes `write`, then, behind a repeated start, reads `readLength` bytes. Either may be
     * nothing, not both. Needs `access: read-write`, for nobody here knows what the bytes do.
     */
    transfer: {
      arguments: z
        .strictObject({ write: bytes, readLength: z.number().int().min(0).max(maxTransferBytes) })
        .refine(({ write, readLength }) => write.length + readLength > 0, "a transfer has a byte at least"),
      result: z.strictObject({ read: z.instanceof(Uint8Array) }),
      idempotent: false,
    },
  },
  refuse(grant, operation, args) {
    if (grant.access === "read" && operation !== "readRegister") return "the channel grants reading only";
    if (operation === "transfer") return undefined;
    const last = 256 ** widthOf(grant) - 1;
    const asked = (args as { register: number }).register;
    return asked > last ? `the grant's registers are 0 to ${last}, and this is ${asked}` : undefined;
  },
});

const widthOf = ({ registerBytes }: I2cDeviceGrant): 1 | 2 => registerBytes ?? 1;

/** The number of a register as it goes over the wire. */
export function registerNumber(grant: I2cDeviceGrant, register: number): number[] {
  return widthOf(grant) === 1 ? [register] : [register >> 8, register & 0xff];
}
