import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressGroups, devicePrefix, formatAddress, isPartOf, kmsAddress, partAddress } from "./address.ts";

const prefix = "fd12:3456:789a::";

describe("[M3] addresses in the tunnel", () => {
  it("gives the KMS the first address of its /48", () => {
    expect(kmsAddress(prefix)).toBe("fd12:3456:789a:0:0:0:0:1");
  });

  it("gives every device a /112 of its own", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xffffffff }), fc.integer({ min: 1, max: 0xffffffff }), (a, b) => {
        fc.pre(a !== b);
        const part = partAddress(devicePrefix(prefix, a), 7);
        expect(isPartOf(devicePrefix(prefix, a), part)).toBe(true);
        expect(isPartOf(devicePrefix(prefix, b), part)).toBe(false);
      }),
    );
  });

  it("spells every address in one way", () => {
    fc.assert(
      fc.property(
        fc.ipV6().filter((text) => !text.includes(".")),
        (text) => {
          const groups = addressGroups(text);
          expect(addressGroups(formatAddress(groups))).toEqual(groups);
        },
      ),
    );
    expect(formatAddress(addressGroups("FD00::0012:1"))).toBe(formatAddress(addressGroups("fd00:0:0:0:0:0:12:1")));
  });

  it.each(["", "1:2:3", "1::2::3", "1:2:3:4:5:6:7:8:9", "::12345", "g::", "1:2:3:4:5:6:7::8"])("refuses %s", (text) => {
    expect(() => addressGroups(text)).toThrow(/not an IPv6 address/);
  });
});
