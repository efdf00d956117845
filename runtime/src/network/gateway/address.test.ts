import { isIP } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { provisioningWith } from "../testing/fixtures.ts";
import { mayBeGateway } from "./address.ts";

const provisioning = provisioningWith({});
const may = (address: string) => mayBeGateway(address, provisioning);

test("[K13] a resolver that sends the device to itself, to its link, to everybody or into the tunnel is not followed", () => {
  const refused = [
    ...[
      "0.0.0.0",
      "0.1.2.3",
      "127.0.0.1",
      "127.9.9.9",
      "169.254.1.1",
      "224.0.0.251",
      "239.255.255.250",
      "255.255.255.255",
    ],
    ...[
      "::",
      "::1",
      "::ffff:127.0.0.1",
      "::ffff:192.0.2.1",
      "::192.0.2.1",
      "::ffff:0:192.0.2.1",
      "fe80::1",
      "fe80::1%eth0",
      "fec0::1",
      "ff02::1",
    ],
    ...["fd12:3456:789a::1", "fd12:3456:789a:1:2:3:4:5", "FD12:3456:789A::2", "2001:db8::1%eth0", "", "gw.example.com"],
  ];
  expect(refused.filter(may)).toEqual([]);
});

test("[K13] any other address may be a gateway's, also one of a private network", () => {
  const taken = [
    "192.0.2.1",
    "10.0.0.1",
    "192.168.1.1",
    "172.16.0.9",
    "2001:db8::1",
    "fd00::1",
    "fd12:3456:789b::1",
    "64:ff9b::c000:201",
  ];
  expect(taken.filter((address) => !may(address))).toEqual([]);
});

test("[K13] whatever is taken is an address, and never the board's own, its link's or the tunnel's", () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), (text) => {
      if (!may(text)) return;
      expect(isIP(text)).toBeGreaterThan(0);
      const first = isIP(text) === 4 ? Number(text.split(".")[0]) : 0;
      expect(first === 127 || first >= 224).toBe(false);
    }),
  );
});
