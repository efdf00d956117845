/**
 * Sealing: what lies on the disk is encrypted and authenticated under a key that is derived from the device secret, one
 * per purpose, so that a sealed file can be neither read nor put in the place of another. Pure.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { z } from "zod";

export const secretBytes = 32;
/** NIST SP 800-38D, section 8.2: 96 bits; random ones are safe for far more writes than a device ever makes. */
const nonceBytes = 12;
const tagBytes = 16;

const sealedSchema = z.strictObject({ format: z.literal(2), sealed: z.base64url() });

export type Sealer = {
  seal(purpose: string, text: string): string;
  /** 32 bytes that are this device's for a purpose of its own: the same ones each time. */
  derive(purpose: string): Uint8Array;
  /** Undefined where `text` was not sealed with this secret, for this purpose, or was changed since. */
  open(purpose: string, text: string): string | undefined;
};

/** True where a file says that it is sealed, whether or not it can be opened. */
export function isSealed(text: string): boolean {
  return parseSealed(text) !== undefined;
}

export function createSealer(secret: Uint8Array): Sealer {
  if (secret.length !== secretBytes) throw new TypeError(`a device secret has ${secretBytes} bytes`);
  // RFC 5869; the secret is uniformly random, so no salt is needed.
  const keyOf = (purpose: string) =>
    new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(), `bulkhead key store 2 ${purpose}`, 32));
  return {
    derive: keyOf,
    seal(purpose, text) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", keyOf(purpose), nonce);
      const content = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      const sealed = Buffer.concat([nonce, cipher.getAuthTag(), content]).toString("base64url");
      return `${JSON.stringify({ format: 2, sealed })}\n`;
    },
    open(purpose, text) {
      const bytes = parseSealed(text);
      if (bytes === undefined || bytes.length < nonceBytes + tagBytes) return undefined;
      const decipher = createDecipheriv("aes-256-gcm", keyOf(purpose), bytes.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      });
      decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]).toString();
      } catch {
        return undefined;
      }
    },
  };
}

function parseSealed(text: string): Buffer | undefined {
  try {
    return Buffer.from(sealedSchema.parse(JSON.parse(text)).sealed, "base64url");
  } catch {
    return undefined;
  }
}
