import { generateX25519Key } from "@bulkhead/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { devicePrefixOf, formatAddress, parseAddress } from "./address.ts";
import { checkPeers, diffPeers } from "./peers.ts";

const kms = { bits: parseAddress("fd12:3456:789a::1") ?? 0n, length: 48 };
const key = () => generateX25519Key().publicKey;
const device = (n: number) => `fd12:3456:789a:1:0:0:${n.toString(16)}::`;

describe("addresses", () => {
  test("two spellings of an address are one number, and what is none has none", () => {
    expect(parseAddress("fd12::1")).toBe(parseAddress("FD12:0:0:0:0:0:0:0001"));
    expect(parseAddress("::")).toBe(0n);
    for (const bad of ["", "fd12", "1.2.3.4", "::ffff:1.2.3.4", "fe80::1%eth0", "fd12:::1"]) {
      expect(parseAddress(bad)).toBeUndefined();
    }
  });

  test("whatever the 128 bits: written and read again they are the same", () => {
    fc.assert(fc.property(fc.bigInt(0n, (1n << 128n) - 1n), (bits) => parseAddress(formatAddress(bits)) === bits));
  });

  test("all addresses of a device have its prefix", () => {
    expect(devicePrefixOf("fd12:3456:789a:1::5:ffff")).toBe(devicePrefixOf("fd12:3456:789a:1:0:0:5:1"));
  });
});

describe("[M3] the peers that a KMS asks for", () => {
  test("a prefix may come with or without its length, in any spelling", () => {
    const one = key();
    const [a, b] = ["fd12:3456:789a:1:0:0:7::/112", "FD12:3456:789a:1::7:0"].map((allowedPrefix) =>
      checkPeers([{ publicKey: one, allowedPrefix }], kms),
    );
    expect(a).toEqual(b);
  });

  test.each([
    ["fd12:3456:789a::/112", "holds the address of the KMS"],
    ["fd12:3456:789b:1::7:0/112", "is not of this tunnel"],
    ["fd12:3456:789a:1::7:1/112", "is not the /112 of a device"],
    ["fd12:3456:789a:1::/64", "is not the /112 of a device"],
    ["::/0", "is not the /112 of a device"],
    ["10.0.0.0/8", "is not the /112 of a device"],
    ["anything\nelse", "is not the /112 of a device"],
  ])("%j is refused", (allowedPrefix, reason) => {
    expect(() => checkPeers([{ publicKey: key(), allowedPrefix }], kms)).toThrow(
      expect.objectContaining({ code: "REQUEST_INVALID", message: expect.stringContaining(reason) }),
    );
  });

  test("one prefix for two devices is refused, and so is one device twice", () => {
    const one = key();
    const twice = [key(), key()].map((publicKey) => ({ publicKey, allowedPrefix: device(1) }));
    expect(() => checkPeers(twice, kms)).toThrow(/prefix .* comes twice/);
    const same = [1, 2].map((n) => ({ publicKey: one, allowedPrefix: device(n) }));
    expect(() => checkPeers(same, kms)).toThrow(/key .* comes twice/);
  });
});

test("whatever the two sets: the difference leads from one to the other, removes first, and touches nothing that stays", () => {
  const set = fc.dictionary(fc.constantFrom("a", "b", "c", "d", "e"), fc.constantFrom("1", "2", "3"));
  fc.assert(
    fc.property(set, set, (from, to) => {
      const actual = new Map<string, string>(Object.entries(from));
      const { remove, add } = diffPeers(actual, new Map(Object.entries(to)));
      for (const name of remove) expect(from[name]).not.toBe(to[name]);
      for (const name of remove) actual.delete(name);
      for (const peer of add) {
        expect(actual.has(peer.publicKey)).toBe(false);
        actual.set(peer.publicKey, peer.allowedPrefix);
      }
      expect(Object.fromEntries(actual)).toEqual(to);
    }),
  );
});
