/** One device on a SPI bus. The grant fixes the device (bus and chip select), the mode and the highest clock, so a client never names them. */
import { spiDeviceGrant } from "@bulkhead/protocol";
import { defineInterface } from "@bulkhead/sdk";
import { z } from "zod";
import { maxTransferBytes } from "./driver.ts";

export const spiDeviceInterface = defineInterface({
  name: "spi-device",
  grant: spiDeviceGrant,
  operations: {
    /** One transfer, both ways at once: as many bytes come back as go out. `speed`: a lower clock than the granted one, in hertz. */
    transfer: {
      arguments: z.strictObject({
        write: z
          .instanceof(Uint8Array)
          .refine((data) => data.length > 0 && data.length <= maxTransferBytes, `1 to ${maxTransferBytes} bytes`),
        speed: z.number().int().min(1).optional(),
      }),
      result: z.strictObject({ read: z.instanceof(Uint8Array) }),
      idempotent: false,
    },
  },
  refuse(grant, _operation, args) {
    const { speed = 0 } = args as { speed?: number };
    return speed > grant.speed ? `${grant.device} is granted at up to ${grant.speed} Hz, not ${speed}` : undefined;
  },
});
