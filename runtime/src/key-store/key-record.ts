/**
 * The stored form of the device's keys, inside its seal: one JSON record with a format version and a checksum. Pure; no
 * file is touched here. The first format was not sealed, and its checksum was all that found damage.
 */

import { createPrivateKey } from "node:crypto";
import {
  BulkheadError,
  canonicalJson,
  generateSigningKey,
  generateX25519Key,
  type KeyPair,
  key32Schema,
  sha256,
} from "@bulkhead/protocol";
import { z } from "zod";

export const keyRecordFormat = 2;

const keyPairSchema = z.strictObject({ publicKey: key32Schema, privateKey: key32Schema });
const firstKeys = z.strictObject({ deviceKey: keyPairSchema, tunnelKey: keyPairSchema });
const recordSchema = z.strictObject({
  format: z.literal(keyRecordFormat),
  keys: firstKeys.extend({ agreementKey: keyPairSchema }),
  checksum: z.string(),
});
const firstRecordSchema = z.strictObject({ format: z.literal(1), keys: firstKeys, checksum: z.string() });

/**
 * The device key (Ed25519) signs who the device is; the tunnel key (X25519) is WireGuard's; the agreement key (X25519) is
 * what components agree on secrets with, so that none of it ever touches the tunnel's.
 */
export type DeviceKeys = { readonly deviceKey: KeyPair; readonly tunnelKey: KeyPair; readonly agreementKey: KeyPair };
export type PublicKeys = { readonly deviceKey: string; readonly tunnelKey: string };

/** New keys from the kernel's random source; the tunnel's is the one that a card brought, where it did. */
export function generateKeys(tunnelKey: KeyPair = generateX25519Key()): DeviceKeys {
  return { deviceKey: generateSigningKey(), tunnelKey, agreementKey: generateX25519Key() };
}

/** The halves that may leave the store. */
export function publicHalves(keys: DeviceKeys): PublicKeys {
  return { deviceKey: keys.deviceKey.publicKey, tunnelKey: keys.tunnelKey.publicKey };
}

/** Serialises keys for the disk. */
export function encodeKeyRecord(keys: DeviceKeys): string {
  const body = { format: keyRecordFormat, keys };
  return `${canonicalJson({ ...body, checksum: sha256(canonicalJson(body)) })}\n`;
}

/**
 * Reads a stored record. Throws KEY_STORE_DAMAGED when the text is not a record, its checksum is wrong, or a public half
 * is not that of its private half. The message never holds any of the text.
 */
export function decodeKeyRecord(text: string, file: string): DeviceKeys {
  const { checksum, ...body } = parseRecord(text, recordSchema, file);
  checkRecord(body, checksum, file);
  checkPair("X25519", body.keys.agreementKey, "agreement key", file);
  return body.keys;
}

/** Reads a record of the first format, which lay open, and adds the key that it lacks. */
export function decodeFirstRecord(text: string, file: string): DeviceKeys {
  const { checksum, ...body } = parseRecord(text, firstRecordSchema, file);
  checkRecord(body, checksum, file);
  return { ...body.keys, agreementKey: generateX25519Key() };
}

function checkRecord(body: { format: number; keys: z.infer<typeof firstKeys> }, checksum: string, file: string): void {
  if (sha256(canonicalJson(body)) !== checksum) throw damaged(file, "its checksum is wrong");
  checkPair("Ed25519", body.keys.deviceKey, "device key", file);
  checkPair("X25519", body.keys.tunnelKey, "tunnel key", file);
}

function checkPair(curve: "Ed25519" | "X25519", pair: KeyPair, name: string, file: string): void {
  if (!isPair(curve, pair)) throw damaged(file, `the halves of the ${name} do not belong together`);
}

function parseRecord<S extends z.ZodType>(text: string, schema: S, file: string): z.infer<S> {
  // No `cause` in either: the words of a JSON or schema error may quote what was read.
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw damaged(file, "it is not a key record of a format that this version knows");
  }
}

// A signature does not show that a stored public half is right (the platform takes it as given), so it is derived again.
function isPair(curve: "Ed25519" | "X25519", pair: KeyPair): boolean {
  return publicHalfOf(curve, pair.privateKey) === pair.publicKey;
}

/** The public half of a raw private key. */
export function publicHalfOf(curve: "Ed25519" | "X25519", privateKey: string): string {
  const key = createPrivateKey({ key: privateDer(curve, privateKey), format: "der", type: "pkcs8" });
  return key.export({ format: "jwk" }).x ?? "";
}

/** PKCS #8 around a raw private key (RFC 8410, section 7): the fixed prefix differs only in the last octet of the OID. */
function privateDer(curve: "Ed25519" | "X25519", privateKey: string): Buffer {
  const prefix = curve === "Ed25519" ? "302e020100300506032b657004220420" : "302e020100300506032b656e04220420";
  return Buffer.concat([Buffer.from(prefix, "hex"), Buffer.from(privateKey, "base64url")]);
}

/** The one way this store says that it cannot trust what it finds. */
export function damaged(file: string, what: string): BulkheadError {
  return new BulkheadError("KEY_STORE_DAMAGED", `the key store ${file} cannot be used: ${what}`, {
    remedy: "restore the file from the device's own storage, or decommission the device and enrol it anew",
  });
}
