/**
 * Board `virtual` has no hardware: its drivers reach a simulated plant through these two interfaces, and the plant is a
 * component like any other. A named feature of the product, not a stand-in for a driver.
 */
import { defineInterface } from "@bulkhead/sdk";
import { z } from "zod";

const bytes = z.instanceof(Uint8Array);
const level = z.union([z.literal(0), z.literal(1)]);

/** The buses of the plant, as its i2c driver meets them. */
export const simulatedBusInterface = defineInterface({
  name: "simulated-bus",
  operations: {
    /** One transfer: write `write`, then read `readLength` bytes. Fails like a NACK where no device has the address. */
    transfer: {
      arguments: z.strictObject({
        bus: z.number().int().nonnegative(),
        address: z.number().int().min(0x08).max(0x77),
        write: bytes,
        readLength: z.number().int().min(0).max(4096),
      }),
      result: z.strictObject({ read: bytes }),
      idempotent: false,
    },
  },
});

/** The pins of the plant, as its gpio driver meets them. */
export const simulatedPinsInterface = defineInterface({
  name: "simulated-pins",
  operations: {
    drive: { arguments: z.strictObject({ pin: z.string(), level }), result: z.null(), idempotent: true },
    sense: { arguments: z.strictObject({ pin: z.string() }), result: z.strictObject({ level }), idempotent: true },
  },
  /** An input changed. */
  notifications: { changed: z.strictObject({ pin: z.string(), level }) },
});
