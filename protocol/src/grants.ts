/**
 * Grants: the limits that a provider enforces on one channel. The compiler checks them against the board, the
 * provider's stub enforces them on every call; both read these schemas, keyed by the interface's name.
 */
import { z } from "zod";
import { nameSchema } from "./names.ts";

export const i2cDeviceGrant = z.strictObject({
  bus: z.number().int().nonnegative(),
  /** 7-bit address; 0x00-0x07 and 0x78-0x7f are reserved by the I2C-bus specification (UM10204, section 3.1.12). */
  address: z.number().int().min(0x08).max(0x77),
  access: z.enum(["read", "read-write"]),
});
export type I2cDeviceGrant = z.infer<typeof i2cDeviceGrant>;

export const gpioLineGrant = z.strictObject({
  /** The board's own name: `P9_12`. */
  pin: z.string().min(1).max(32),
  direction: z.enum(["in", "out"]),
});
export type GpioLineGrant = z.infer<typeof gpioLineGrant>;

export const serialPortGrant = z.strictObject({
  /** The board's own name: `ttyS4`. */
  port: z.string().min(1).max(32),
  /** The highest speed that the client may set, in bits per second. */
  speed: z.number().int().min(50).max(4_000_000),
});
export type SerialPortGrant = z.infer<typeof serialPortGrant>;

/** Made by the compiler from `secrets: […]`; nobody writes it. */
export const secretsGrant = z.strictObject({ names: z.array(nameSchema).min(1) });

/** Channels whose interface takes no limits. */
export const emptyGrant = z.strictObject({});

export const grantSchemas: Readonly<Record<string, z.ZodType>> = {
  "i2c-device": i2cDeviceGrant,
  "gpio-line": gpioLineGrant,
  "serial-port": serialPortGrant,
};
