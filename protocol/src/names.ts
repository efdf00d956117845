/** Names and sizes that every format shares. */
import { z } from "zod";
import { namePattern, nameRule } from "./patterns.ts";

export const nameSchema = z.string().regex(namePattern, nameRule);

/** What a device is enrolled as. Printable, so that a name cannot steer a terminal or forge another. */
export const enrolledNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/, "a device's name is letters, digits, space, . _ and -, at most 64");

/** Lower-case hexadecimal SHA-256. */
export const digestSchema = z.string().regex(/^[0-9a-f]{64}$/, "a digest is 64 lower-case hexadecimal digits");

/** 32 raw bytes (a public key, a nonce) as base64url without padding. */
export const key32Schema = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "a key is 32 bytes as base64url");

/** An Ed25519 signature: 64 bytes as base64url without padding. */
export const signatureSchema = z.string().regex(/^[A-Za-z0-9_-]{86}$/, "a signature is 64 bytes as base64url");

/**
 * Milliseconds since 1970-01-01T00:00:00Z, as many as a date can hold (ECMA-262, section 21.4.1.1): a device that says more
 * would break whoever shows it.
 */
export const timeMsSchema = z.number().int().min(0).max(8.64e15);
