import { randomToken } from "@bulkhead/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseConfig } from "./config.ts";

const provisioning = {
  format: 1,
  deviceId: "d-0123456789abcdef",
  name: "greenhouse",
  deviceKey: randomToken(),
  tunnelKey: randomToken(),
  kms: {
    instanceKey: randomToken(),
    tunnelKey: randomToken(),
    endpoint: { host: "192.0.2.1", port: 51820 },
    address: "fd00:1:2::1",
    proxies: { mqtt: 1883 },
  },
  addressPrefix: "fd00:1:2:1::",
  tufRoot: '{"signed":{"version":3}}',
};

test("[K15] the agent takes the KMS's address, pins and root version from what the device was provisioned with", () => {
  const config = parseConfig({ provisioning, release: { name: "greenhouse" } });
  expect(config).toMatchObject({ authority: "[fd00:1:2::1]:7001", rootVersion: 3 });
  expect(config.pins).toEqual({
    deviceId: provisioning.deviceId,
    deviceTunnelKey: provisioning.tunnelKey,
    kmsTunnelKey: provisioning.kms.tunnelKey,
    instanceKey: provisioning.kms.instanceKey,
  });
  expect(parseConfig({ provisioning, address: "127.0.0.1", port: 9 }).authority).toBe("127.0.0.1:9");
});

test("[K15] a configuration that is none gives a coded error", () => {
  const invalid = expect.objectContaining({ code: "ENVIRONMENT_INVALID" });
  expect(() => parseConfig({ provisioning: { ...provisioning, tufRoot: "{" } })).toThrow(invalid);
  fc.assert(
    fc.property(fc.anything(), (config) => {
      expect(() => parseConfig(config)).toThrow(invalid);
    }),
  );
});
