/**
 * A private key under a passphrase, as PKCS #8 (RFC 5958) encrypted by PBES2 (RFC 8018): scrypt (RFC 7914, section 7.1) and
 * AES-256-CBC. node:crypto reads this form and writes it with PBKDF2 of 2048 rounds only, which is too few; so it is written
 * here, and read by node:crypto, as `openssl pkey` reads it too.
 */
import { createCipheriv, createPrivateKey, randomBytes, scryptSync } from "node:crypto";
import type { KeyPair } from "@bulkhead/protocol";

/** 16 MiB, five times over: of OWASP's equal choices the one whose memory OpenSSL's reader allows (32 MiB). */
const fullCost = { N: 2 ** 14, r: 8, p: 5 };
export type Cost = typeof fullCost;
const label = "ENCRYPTED PRIVATE KEY";

/** What a key does: sign (Ed25519), or be encrypted to (X25519). */
export type Curve = "Ed25519" | "X25519";

/** PEM of the private half under `passphrase`. What the passphrase costs to try stands in it. */
export function encryptKey(key: KeyPair, curve: Curve, passphrase: string, cost: Cost = fullCost): string {
  const jwk = { kty: "OKP", crv: curve, x: key.publicKey, d: key.privateKey };
  const plain = createPrivateKey({ key: jwk, format: "jwk" }).export({ type: "pkcs8", format: "der" });
  const [salt, iv] = [randomBytes(16), randomBytes(16)];
  const cipher = createCipheriv("aes-256-cbc", scryptSync(passphrase, salt, 32, cost), iv);
  const content = Buffer.concat([cipher.update(plain), cipher.final()]);
  const scrypt = sequence(
    oid("2b06010401da47040b"),
    sequence(octets(salt), integer(cost.N), integer(cost.r), integer(cost.p)),
  );
  const aes = sequence(oid("60864801650304012a"), octets(iv));
  const algorithm = sequence(oid("2a864886f70d01050d"), sequence(scrypt, aes));
  const lines =
    sequence(algorithm, octets(content))
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/** The key in `pem`; undefined where the passphrase is another one or the text is damaged, which cannot be told apart. */
export function decryptKey(pem: string, curve: Curve, passphrase: string): KeyPair | undefined {
  // Only an encrypted key: the reader would take a plain one under any passphrase.
  if (!pem.startsWith(`-----BEGIN ${label}-----\n`)) return undefined;
  try {
    const { x, d, crv } = createPrivateKey({ key: pem, format: "pem", passphrase }).export({ format: "jwk" });
    return crv === curve && x && d ? { publicKey: x, privateKey: d } : undefined;
  } catch {
    return undefined;
  }
}

// DER (X.690), as much as is needed: nothing here is longer than 65,535 bytes.
function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, Buffer.concat(parts));
const octets = (content: Buffer): Buffer => der(0x04, content);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));

function integer(value: number): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
  // A first bit that is set would make it negative.
  return der(0x02, (bytes[0] ?? 0) > 127 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}
