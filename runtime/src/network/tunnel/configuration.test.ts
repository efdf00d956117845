import { expect, test } from "vitest";
import { provisioningWith } from "../testing/fixtures.ts";
import { endpointChanges, tunnelConfiguration } from "./configuration.ts";

const privateKey = `${"A".repeat(42)}E=`;
const endpoint = { address: "192.0.2.10", port: 51820 };

test("[K13] the one peer may be and reach the KMS's address and nothing else", () => {
  const text = tunnelConfiguration(privateKey, provisioningWith({}), endpoint);
  expect(text.match(/AllowedIPs = .*/g)).toEqual(["AllowedIPs = fd12:3456:789a::1/128"]);
  expect(text).toContain("Endpoint = 192.0.2.10:51820\n");
  expect(text).toContain("PersistentKeepalive = 15\n");
});

test("an IPv6 endpoint is written in brackets", () => {
  const text = tunnelConfiguration(privateKey, provisioningWith({}), { address: "2001:db8::1", port: 1 });
  expect(text).toContain("Endpoint = [2001:db8::1]:1\n");
});

test("[K13] a gateway whose address is not known yet has no endpoint, and is given one later", () => {
  const provisioning = provisioningWith({});
  expect(tunnelConfiguration(privateKey, provisioning, null)).not.toContain("Endpoint");
  const [first = [], second = []] = endpointChanges("wg0", provisioning, endpoint);
  expect(first.slice(4)).toEqual(["endpoint", "192.0.2.10:51820", "persistent-keepalive", "0"]);
  expect(second.slice(4)).toEqual(["persistent-keepalive", "15"]);
});

test.each(["", "short", `${privateKey}\n[Peer]`, "-".repeat(43)])(
  "what is no key is refused and not repeated: %j",
  (bad) => {
    try {
      tunnelConfiguration(bad, provisioningWith({}), endpoint);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: "KEY_STORE_DAMAGED" });
      if (bad) expect(String(error)).not.toContain(bad);
    }
  },
);
