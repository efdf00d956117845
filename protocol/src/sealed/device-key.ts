/**
 * How a device comes to the key of its deployment. Its key store has a key that others encrypt to, and says by the device key whose it is; an
 * operator encrypts the deployment's key to that one, and signs the command that brings it (signed-command.ts).
 */
import { z } from "zod";
import { canonicalJson } from "../canonical-json.ts";
import { deviceIdOf, verifySignature } from "../crypto.ts";
import { key32Schema, nameSchema, signatureSchema } from "../names.ts";

/** What a device shows of the key that is encrypted to. */
export const openingKeySchema = z.strictObject({
  deviceKey: key32Schema,
  /** X25519. */
  publicKey: key32Schema,
  /** By the device key, over `openingKeyBytes`. */
  signature: signatureSchema,
});
export type OpeningKey = z.infer<typeof openingKeySchema>;

/** The bytes that the device key signs. The label keeps them apart from all else that it signs. */
export function openingKeyBytes({ deviceKey, publicKey }: Pick<OpeningKey, "deviceKey" | "publicKey">): Uint8Array {
  return Buffer.from(`bulkhead opening key 1\n${canonicalJson({ deviceKey, publicKey })}`);
}

/** True where this is the word of the device that the id belongs to. */
export function isOpeningKeyOf(deviceId: string, key: OpeningKey): boolean {
  return deviceIdOf(key.deviceKey) === deviceId && verifySignature(key.deviceKey, openingKeyBytes(key), key.signature);
}

/** The key of a deployment, as it is encrypted for one device: it says what it is, so that no other can be put in its place. */
export const wrappedKeySchema = z.strictObject({
  format: z.literal(1),
  deployment: nameSchema,
  deviceId: z.string(),
  /** X25519. */
  publicKey: key32Schema,
  privateKey: key32Schema,
});
export type WrappedKey = z.infer<typeof wrappedKeySchema>;

/** An age file around `wrappedKeySchema`: some 500 bytes. */
export const wrappedSchema = z.base64().min(200).max(2048);
