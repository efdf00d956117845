/** One device on an I2C bus. The grant fixes bus and address, so a client never names them. */
import { i2cDeviceGrant } from "@bulkhead/protocol";
import { defineInterface } from "@bulkhead/sdk";
import { z } from "zod";

const bytes = z.instanceof(Uint8Array);

export const i2cDeviceInterface = defineInterface({
  name: "i2c-device",
  grant: i2cDeviceGrant,
  operations: {
    /** Reads `length` bytes of the register `register` (write of one byte, repeated start, read). */
    readRegister: {
      arguments: z.strictObject({
        register: z.number().int().min(0).max(255),
        length: z.number().int().min(1).max(32),
      }),
      result: z.strictObject({ data: bytes }),
      idempotent: true,
    },
    /** Writes the bytes behind the register number. Needs `access: read-write`. */
    writeRegister: {
      arguments: z.strictObject({ register: z.number().int().min(0).max(255), data: bytes }),
      result: z.null(),
      idempotent: false,
    },
  },
  refuse: (grant, operation) =>
    operation === "writeRegister" && grant.access === "read" ? "the channel grants reading only" : undefined,
});
