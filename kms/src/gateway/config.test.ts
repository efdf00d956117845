import { describe, expect, test } from "vitest";
import { gatewayConfigSchema } from "./config.ts";
import { gatewayRules } from "./firewall.ts";
import { createLimiter } from "./limits.ts";
import { parseDump } from "./wireguard.ts";

const config = {
  format: 1,
  stateFile: "/s/peers.json",
  controlSocket: "/r/gateway/control",
  listenPort: 51820,
  address: "fd12:3456:789a::1/48",
  interface: "wg0",
  privateKeyFile: "/s/tunnel.key",
  relays: [
    { name: "command", port: 7001, socket: "/r/device.sock" },
    { name: "mqtt", port: 1883, socket: "/r/proxy-mqtt.sock" },
  ],
  mtu: 1280,
};

describe("the gateway's configuration", () => {
  test("a good one is taken", () => {
    expect(gatewayConfigSchema.parse(config)).toMatchObject({ backend: "userspace", controlUid: null });
  });

  test.each([
    { address: "fd12:3456:789a::1" },
    { address: "10.0.0.1/48" },
    { interface: "wg0; flush ruleset" },
    { interface: "a-name-of-sixteen" },
    { mtu: 1279 },
    { controlSocket: `/${"x".repeat(107)}` },
    { relays: [config.relays[0], config.relays[0]] },
    { unknown: 1 },
  ])("%j is refused", (change) => {
    expect(gatewayConfigSchema.safeParse({ ...config, ...change }).success).toBe(false);
  });
});

test("[M5] every chain of the gateway drops what no rule names, and forwarding has no rule", () => {
  const rules = gatewayRules(gatewayConfigSchema.parse(config));
  expect(rules.match(/policy drop;/g)).toHaveLength(3);
  expect(rules).toMatch(/chain forward \{\n[^\n]*policy drop;\n {2}\}/);
  expect(rules).toContain(
    'iifname "wg0" ip6 saddr fd12:3456:789a::1/48 ip6 daddr fd12:3456:789a::1 tcp dport { 7001, 1883 }',
  );
});

test("a gateway without relays opens no port to the tunnel", () => {
  expect(gatewayRules(gatewayConfigSchema.parse({ ...config, relays: [] }))).not.toContain("tcp");
});

test("connections are counted per source and in all, and released", () => {
  const limiter = createLimiter({ perSource: 2, total: 3 });
  expect(["a", "a", "a", "b", "b"].map((source) => limiter.admit(source))).toEqual([true, true, false, true, false]);
  limiter.release("a");
  limiter.release("nobody");
  expect(["b", "b"].map((source) => limiter.admit(source))).toEqual([true, false]);
});

test("the state of peers is read from wg's dump, whose first line is not a peer", () => {
  const key = Buffer.alloc(32, 7);
  const peer = (endpoint: string, at: number) =>
    `${key.toString("base64")}\t(none)\t${endpoint}\tfd12::/112\t${at}\t12\t34\toff`;
  const dump = ["secret\tpublic\t51820\toff", peer("(none)", 0), peer("[fd00::2]:5", 1_700_000_000)].join("\n");
  const common = { publicKey: key.toString("base64url"), rx: 12, tx: 34 };
  expect(parseDump(dump)).toEqual([
    { ...common, latestHandshakeMs: null, endpoint: null },
    { ...common, latestHandshakeMs: 1_700_000_000_000, endpoint: "[fd00::2]:5" },
  ]);
});
