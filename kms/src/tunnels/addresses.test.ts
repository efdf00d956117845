import { devicePrefix, partAddress } from "@bulkhead/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deviceNumberOf } from "./addresses.ts";

const prefix = "fd12:3456:789a::";

describe("[M3] whose address it is", () => {
  it("finds the device behind each of its addresses, however they are written", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), fc.integer({ min: 1, max: 0xffff }), (number, part) => {
        const address = partAddress(devicePrefix(prefix, number), part);
        const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
        expect([deviceNumberOf(prefix, address), deviceNumberOf(prefix, short)]).toEqual([number, number]);
      }),
    );
  });

  it.each([
    "fd12:3456:789a::1",
    "fd12:3456:789a:1::",
    "fd12:3456:789a:1::1",
    "fd12:3456:789a:1:0:0:5:0",
    "fd12:3456:789a:1:1:0:5:1",
    "fd12:3456:789b:1:0:0:5:1",
    "fd12:3456:789a:2:0:0:5:1",
    "::ffff:127.0.0.1",
    "127.0.0.1",
    "",
  ])("finds nobody behind %s", (address) => {
    expect(deviceNumberOf(prefix, address)).toBeUndefined();
  });
});
