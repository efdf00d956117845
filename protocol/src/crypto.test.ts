import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  deviceIdOf,
  generateSigningKey,
  generateTunnelKey,
  isWeakSigningKey,
  signMessage,
  verifySignature,
} from "./crypto.ts";

// All eight points of small order of edwards25519, with the non-canonical spellings that decoders meet
// (Chalkias, Garillot, Nikolaenko: "Taming the many EdDSAs", table 1).
const smallOrder = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "0100000000000000000000000000000000000000000000000000000000000080",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
].map((hex) => Buffer.from(hex, "hex").toString("base64url"));

describe("[M11] Ed25519 signatures", () => {
  it("verify for the key and message they were made for and for no other", () => {
    const key = generateSigningKey();
    const other = generateSigningKey();
    fc.assert(
      fc.property(fc.uint8Array(), (message) => {
        const signature = signMessage(key, message);
        expect(verifySignature(key.publicKey, message, signature)).toBe(true);
        expect(verifySignature(other.publicKey, message, signature)).toBe(false);
        expect(verifySignature(key.publicKey, new Uint8Array([...message, 0]), signature)).toBe(false);
      }),
      { numRuns: 20 },
    );
  });

  it.each(smallOrder)("refuse the small-order key %s, under which anybody could sign", (publicKey) => {
    // R = identity, S = 0 verifies any message under the identity key in implementations that do not look.
    const forged = Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]).toString("base64url");
    expect(isWeakSigningKey(publicKey)).toBe(true);
    expect(verifySignature(publicKey, Buffer.from("any message"), forged)).toBe(false);
  });

  it("call no honest key weak", () => {
    for (let i = 0; i < 20; i += 1) expect(isWeakSigningKey(generateSigningKey().publicKey)).toBe(false);
  });

  it("treat garbage as not valid instead of throwing", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (publicKey, signature) => {
        expect(verifySignature(publicKey, Buffer.from("x"), signature)).toBe(false);
      }),
    );
  });
});

describe("[K12] keys", () => {
  it("are 32 bytes in both halves", () => {
    for (const pair of [generateSigningKey(), generateTunnelKey()]) {
      expect(Buffer.from(pair.publicKey, "base64url")).toHaveLength(32);
      expect(Buffer.from(pair.privateKey, "base64url")).toHaveLength(32);
    }
  });

  it("name a device by its key alone", () => {
    const { publicKey } = generateSigningKey();
    expect(deviceIdOf(publicKey)).toMatch(/^d-[0-9a-f]{16}$/);
    expect(deviceIdOf(publicKey)).toBe(deviceIdOf(publicKey));
    expect(deviceIdOf(publicKey)).not.toBe(deviceIdOf(generateSigningKey().publicKey));
  });
});
