/**
 * The first message of a WireGuard handshake with a date of the test's choice (whitepaper, section 5.4.2): what a device
 * sends whose clock is wrong. For tests; nothing else of the protocol is here.
 */
import {
  createCipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";
import type { KeyPair } from "@bulkhead/protocol";
import { blake2s } from "@noble/hashes/blake2.js";

const hash = (...parts: Uint8Array[]): Buffer => createHash("blake2s256").update(Buffer.concat(parts)).digest();
const hmac = (key: Uint8Array, ...parts: Uint8Array[]): Buffer =>
  createHmac("blake2s256", key).update(Buffer.concat(parts)).digest();
const text = (words: string): Buffer => Buffer.from(words);
const zeroNonce = Buffer.alloc(12);

function derive(chain: Uint8Array, input: Uint8Array): [Buffer, Buffer] {
  const secret = hmac(chain, input);
  const first = hmac(secret, Buffer.of(1));
  return [first, hmac(secret, first, Buffer.of(2))];
}

function seal(key: Uint8Array, plain: Uint8Array, data: Uint8Array): Buffer {
  const cipher = createCipheriv("chacha20-poly1305", key, zeroNonce, { authTagLength: 16 });
  cipher.setAAD(data, { plaintextLength: plain.length });
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

const publicKeyOf = (x: string): KeyObject => createPublicKey({ key: { kty: "OKP", crv: "X25519", x }, format: "jwk" });
const rawOf = (key: KeyObject): Buffer => Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url");

/** TAI64N: seconds since 1970 on 2^62, and the 10 s by which TAI was ahead then. */
function tai64n(atMs: number): Buffer {
  const stamp = Buffer.alloc(12);
  stamp.writeBigUInt64BE(2n ** 62n + 10n + BigInt(Math.floor(atMs / 1000)), 0);
  stamp.writeUInt32BE((atMs % 1000) * 1_000_000, 8);
  return stamp;
}

/** The message that `device` sends to the gateway with `gatewayKey` where its clock says `atMs`. */
export function initiation(device: KeyPair, gatewayKey: string, atMs: number): Buffer {
  const own = createPrivateKey({
    key: { kty: "OKP", crv: "X25519", x: device.publicKey, d: device.privateKey },
    format: "jwk",
  });
  const gateway = publicKeyOf(gatewayKey);
  const ephemeral = generateKeyPairSync("x25519");
  const shared = (privateKey: KeyObject): Buffer => diffieHellman({ privateKey, publicKey: gateway });
  const construction = hash(text("Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"));
  const identified = hash(construction, text("WireGuard v1 zx2c4 Jason@zx2c4.com"));
  const point = rawOf(ephemeral.publicKey);
  let transcript = hash(hash(identified, rawOf(gateway)), point);
  let [chain] = derive(construction, point);
  let key: Buffer;
  [chain, key] = derive(chain, shared(ephemeral.privateKey));
  const identity = seal(key, Buffer.from(device.publicKey, "base64url"), transcript);
  transcript = hash(transcript, identity);
  [, key] = derive(chain, shared(own));
  const message = Buffer.concat([
    Buffer.from([1, 0, 0, 0, 7, 7, 7, 7]),
    point,
    identity,
    seal(key, tai64n(atMs), transcript),
  ]);
  return Buffer.concat([message, mac1(message, rawOf(gateway)), Buffer.alloc(16)]);
}

/** What shows that who sends `message` has the gateway's public key (section 5.4.4). */
function mac1(message: Uint8Array, gatewayKey: Uint8Array): Uint8Array {
  return blake2s(message, { key: hash(text("mac1----"), gatewayKey), dkLen: 16 });
}

/** True for the first message of a handshake that is meant for the gateway with this key: 148 bytes, type 1, and its mac1. */
export function isInitiation(packet: Buffer, gatewayKey: string): boolean {
  if (packet.length !== 148 || packet.readUInt32LE(0) !== 1) return false;
  const own = mac1(packet.subarray(0, 116), Buffer.from(gatewayKey, "base64url"));
  return packet.subarray(116, 132).equals(own);
}
