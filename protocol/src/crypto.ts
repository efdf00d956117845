/**
 * The one module that decides which implementation of a primitive is used: node:crypto where it has the primitive,
 * @noble where it does not or where strictness matters. Keys and signatures cross it as base64url strings.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  randomBytes,
  sign,
  verify,
} from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { BulkheadError } from "./errors.ts";

export type KeyPair = { publicKey: string; privateKey: string };

function rawKey(jwk: { x?: string; d?: string }): KeyPair {
  if (!jwk.x || !jwk.d) throw new BulkheadError("INTERNAL", "the platform exported a key without its parts");
  return { publicKey: jwk.x, privateKey: jwk.d };
}

/** A new Ed25519 key pair (RFC 8032), each half 32 bytes as base64url. */
export function generateSigningKey(): KeyPair {
  return rawKey(generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" }));
}

/** A new X25519 key pair (RFC 7748), each half 32 bytes as base64url. */
export function generateX25519Key(): KeyPair {
  return rawKey(generateKeyPairSync("x25519").privateKey.export({ format: "jwk" }));
}

/** Signs `message` with Ed25519; the signature is 64 bytes as base64url. */
export function signMessage(key: KeyPair, message: Uint8Array): string {
  const privateKey = createPrivateKey({
    key: { kty: "OKP", crv: "Ed25519", x: key.publicKey, d: key.privateKey },
    format: "jwk",
  });
  return sign(null, message, privateKey).toString("base64url");
}

/**
 * Strict Ed25519 verification: refuses public keys of small order, which verify forged signatures in OpenSSL (and in
 * ZIP-215), and everything that RFC 8032 section 5.1.7 refuses. Never throws: garbage is simply not valid.
 */
export function verifySignature(publicKey: string, message: Uint8Array, signature: string): boolean {
  try {
    if (isWeakSigningKey(publicKey)) return false;
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: publicKey }, format: "jwk" });
    const bytes = Buffer.from(signature, "base64url");
    return bytes.length === 64 && verify(null, message, key, bytes);
  } catch {
    return false;
  }
}

/** True for a key that is no point of the curve or lies in its small subgroup (RFC 8032, section 5.1.3; order 1, 2, 4, 8). */
export function isWeakSigningKey(publicKey: string): boolean {
  try {
    return ed25519.Point.fromBytes(Buffer.from(publicKey, "base64url"), false).isSmallOrder();
  } catch {
    return true;
  }
}

/** True for an X25519 key that leads to the same secret with every other: the all-zero one, which OpenSSL refuses (RFC 7748, section 6.1). */
export function isWeakX25519Key(publicKey: string): boolean {
  try {
    const { privateKey } = generateKeyPairSync("x25519");
    const other = createPublicKey({ key: { kty: "OKP", crv: "X25519", x: publicKey }, format: "jwk" });
    diffieHellman({ privateKey, publicKey: other });
    return false;
  } catch {
    return true;
  }
}

/**
 * True for what can be the public half of an X25519 key: a point of the curve (not of its twist) in the group of the base point. X25519 itself
 * takes whatever 32 bytes there are; of those that are something else, one in sixteen looks like such a key.
 */
export function isX25519Key(publicKey: string): boolean {
  const { Fp } = ed25519.Point;
  try {
    const u = Fp.fromBytes(Buffer.from(publicKey, "base64url"));
    // The same point on edwards25519 (RFC 7748, section 4.1).
    const y = Fp.div(Fp.sub(u, Fp.ONE), Fp.add(u, Fp.ONE));
    return ed25519.Point.fromBytes(Fp.toBytes(y)).isTorsionFree();
  } catch {
    return false;
  }
}

/** SHA-256 as lower-case hexadecimal. */
export function sha256(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}

/** `length` random bytes from the kernel as base64url. */
export function randomToken(length = 32): string {
  return randomBytes(length).toString("base64url");
}

/** A device's name in the world: the first 16 hexadecimal digits of the SHA-256 of its public device key. */
export function deviceIdOf(publicDeviceKey: string): string {
  return `d-${sha256(Buffer.from(publicDeviceKey, "base64url")).slice(0, 16)}`;
}
