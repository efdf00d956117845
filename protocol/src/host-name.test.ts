import fc from "fast-check";
import { expect, test } from "vitest";
import { endpointSchema, isHostName } from "./host-name.ts";

test("[K13] a gateway is an address or a name, and nothing that is nearly one", () => {
  const takes = (host: string) => endpointSchema.safeParse({ host, port: 51820 }).success;
  const good = [
    "192.0.2.1",
    "2001:db8::1",
    "gw.example.com",
    "xn--bcher-kva.example",
    "1.gw.example",
    `${"a".repeat(63)}.de`,
  ];
  expect(good.filter((host) => !takes(host))).toEqual([]);
  const bad = [
    ...["", "gateway", "gw.example.com.", ".example.com", "gw..example", "-gw.example", "gw-.example", "GW.example"],
    ...["bücher.example", "gw_1.example", "gw.example:53", "gw example.com", "192.0.2", "192.0.2.256", "1.2.3.4.5"],
    ...[
      `${"a".repeat(64)}.de`,
      `${"a.".repeat(126)}aa`,
      "gw.example\n",
      "gw.example\0",
      "[2001:db8::1]",
      "fe80::1%eth0",
    ],
  ];
  expect(bad.filter(takes)).toEqual([]);
});

test("[K13] whatever is a name fits a question of the DNS, and is no address", () => {
  fc.assert(
    fc.property(fc.oneof(fc.domain(), fc.string(), fc.stringMatching(/^[a-z0-9.-]{0,260}$/)), (text) => {
      if (!isHostName(text)) return;
      expect(new URL(`http://${text}/`).hostname).toBe(text);
      expect(text).toMatch(/^[a-z0-9.-]{3,253}$/);
      expect(text).not.toMatch(/\.\d+$/);
    }),
  );
});
