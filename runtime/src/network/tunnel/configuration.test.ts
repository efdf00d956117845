import { expect, test } from "vitest";
import { provisioningWith } from "../testing/fixtures.ts";
import { tunnelConfiguration } from "./configuration.ts";

const privateKey = `${"A".repeat(42)}E=`;

test("[K13] the one peer may be and reach the KMS's address and nothing else", () => {
  const text = tunnelConfiguration(privateKey, provisioningWith({}));
  expect(text.match(/AllowedIPs = .*/g)).toEqual(["AllowedIPs = fd12:3456:789a::1/128"]);
  expect(text).toContain("Endpoint = 192.0.2.10:51820\n");
  expect(text).toContain("PersistentKeepalive = 15\n");
});

test("an IPv6 endpoint is written in brackets", () => {
  const provisioning = provisioningWith({ kms: { endpoint: { host: "2001:db8::1", port: 1 } } });
  expect(tunnelConfiguration(privateKey, provisioning)).toContain("Endpoint = [2001:db8::1]:1\n");
});

test.each(["", "short", `${privateKey}\n[Peer]`, "-".repeat(43)])(
  "what is no key is refused and not repeated: %j",
  (bad) => {
    try {
      tunnelConfiguration(bad, provisioningWith({}));
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: "KEY_STORE_DAMAGED" });
      if (bad) expect(String(error)).not.toContain(bad);
    }
  },
);
