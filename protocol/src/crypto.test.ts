import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  deviceIdOf,
  generateSigningKey,
  generateX25519Key,
  isWeakSigningKey,
  isWeakX25519Key,
  isX25519Key,
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

// RFC 7748, section 6.1, and all points of small order of curve25519 and its twist, with their non-canonical spellings (cr.yp.to/ecdh.html).
const alice = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
const weakX25519 = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];
const written = (hex: string) => Buffer.from(hex, "hex").toString("base64url");

describe("[S3] X25519 keys", () => {
  it.each(weakX25519)("are weak where they are of small order, and no key's public half: %s", (hex) => {
    expect([isWeakX25519Key(written(hex)), isX25519Key(written(hex))]).toEqual([true, false]);
  });

  it("are what a private half makes, and hardly anything else", () => {
    const made = Array.from({ length: 20 }, () => generateX25519Key().publicKey);
    for (const key of [written(alice), ...made])
      expect([isWeakX25519Key(key), isX25519Key(key)]).toEqual([false, true]);
    // The public keys of RFC 8032, section 7.1: Ed25519, tests 1 to 3; and the base point's negative neighbour on the twist.
    for (const hex of [
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
      `02${"00".repeat(31)}`,
    ]) {
      expect([isWeakX25519Key(written(hex)), isX25519Key(written(hex))]).toEqual([false, false]);
    }
    for (const garbage of ["", "A", "A".repeat(42)]) expect(isX25519Key(garbage)).toBe(false);
  });
});

describe("[K12] keys", () => {
  it("are 32 bytes in both halves", () => {
    for (const pair of [generateSigningKey(), generateX25519Key()]) {
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
