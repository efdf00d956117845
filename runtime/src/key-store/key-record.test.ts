import type { KeyPair } from "@bulkhead/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeKeyRecord, encodeKeyRecord, generateKeys, publicHalves } from "./key-record.ts";

const keys = generateKeys();
const stored = encodeKeyRecord(keys);

describe("[K12] the stored record of the device's keys", () => {
  test("gives back the keys that were stored", () => {
    expect(decodeKeyRecord(stored, "keys.json")).toEqual(keys);
  });

  test("is refused as damaged when any one byte of it is changed", () => {
    fc.assert(
      fc.property(fc.nat(stored.length - 2), fc.integer({ min: 32, max: 126 }), (at, code) => {
        const changed = stored.slice(0, at) + String.fromCharCode(code) + stored.slice(at + 1);
        fc.pre(changed !== stored);
        expect(() => decodeKeyRecord(changed, "keys.json")).toThrow(
          expect.objectContaining({ code: "KEY_STORE_DAMAGED" }),
        );
      }),
    );
  });

  test("is refused when it is cut at any length", () => {
    fc.assert(
      fc.property(fc.nat(stored.length - 2), (length) => {
        expect(() => decodeKeyRecord(stored.slice(0, length), "keys.json")).toThrow(
          expect.objectContaining({ code: "KEY_STORE_DAMAGED" }),
        );
      }),
    );
  });

  test("is refused when a public half belongs to another key, even with a right checksum", () => {
    const other = generateKeys();
    const mixed = (mine: KeyPair, theirs: KeyPair) => ({ publicKey: theirs.publicKey, privateKey: mine.privateKey });
    const device = encodeKeyRecord({ ...keys, deviceKey: mixed(keys.deviceKey, other.deviceKey) });
    const tunnel = encodeKeyRecord({ ...keys, tunnelKey: mixed(keys.tunnelKey, other.tunnelKey) });
    expect(() => decodeKeyRecord(device, "keys.json")).toThrow(/halves of the device key/);
    expect(() => decodeKeyRecord(tunnel, "keys.json")).toThrow(/halves of the tunnel key/);
  });

  test("never shows what it holds in an error", () => {
    const altered = stored.replace('"format":2', '"format":9');
    const error = (() => {
      try {
        return decodeKeyRecord(altered, "keys.json");
      } catch (thrown) {
        return thrown as Error;
      }
    })();
    const words = JSON.stringify([error, String(error), (error as Error).stack, (error as Error).cause]);
    expect(words).not.toContain(keys.deviceKey.privateKey);
    expect(words).not.toContain(keys.tunnelKey.privateKey);
  });

  test("shows only public halves", () => {
    expect(publicHalves(keys)).toEqual({ deviceKey: keys.deviceKey.publicKey, tunnelKey: keys.tunnelKey.publicKey });
  });
});
