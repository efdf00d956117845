import { commandChannelPort, partAddress } from "@bulkhead/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { firstUplink, uplinkRules } from "./firewall.ts";
import { componentNamespace, type NetworkStep, planNetwork } from "./plan.ts";
import { componentWith, provisioningWith, systemWith } from "./testing/fixtures.ts";

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/);
const permissions = fc.uniqueArray(fc.constantFrom("mqtt", "other"), { maxLength: 2 });
const networks = fc.dictionary(name, permissions, { maxKeys: 40 });
const provisioning = provisioningWith({});

function text(steps: readonly NetworkStep[], namespace: string, program: NetworkStep["program"]): string {
  return steps
    .filter((step) => step.namespace === namespace && step.program === program)
    .map((s) => s.input)
    .join("");
}

function acceptingRules(rules: string, chain: string): string[] {
  const body = rules.split(`chain ${chain} {`)[1]?.split("}\n")[0] ?? "";
  return body.split("\n").filter((line) => line.includes(" accept"));
}

describe("the plan of a generation", () => {
  test("[K23] a component without the permission has no namespace, link or rule", () => {
    const plan = planNetwork(systemWith({ climate: [], telemetry: ["mqtt"] }), provisioning);
    expect(plan.namespaces).toEqual(["router", "c-telemetry"]);
    expect(JSON.stringify(plan)).not.toContain("climate");
  });

  test("[K11] interfaces of the board are in a namespace of their driver's own, which has no link and no rule", () => {
    const can = { ...componentWith([], "driver"), interfaces: { "can-0": { at: "481cc000.can", bitrate: 500_000 } } };
    const system = systemWith({ telemetry: ["mqtt"] });
    const plan = planNetwork({ ...system, components: { ...system.components, can } }, provisioning);
    expect(plan.namespaces).toEqual(["router", "c-can", "c-telemetry"]);
    expect(JSON.stringify({ ...plan, namespaces: [] })).not.toContain("c-can");
  });

  test("[K23] a permission becomes one rule: this link, this source, the KMS's address, this port", () => {
    const plan = planNetwork(systemWith({ telemetry: ["mqtt"] }), provisioning);
    expect(acceptingRules(text(plan.board, "router", "nft"), "forward").map((line) => line.trim())).toEqual([
      'iifname "wg0" ct state established accept',
      'iifname "v2" oifname "wg0" ip6 saddr fd12:3456:789a:1:0:0:1:2 ip6 daddr fd12:3456:789a::1 tcp dport 1883 counter accept comment "telemetry"',
    ]);
  });

  test("the agent's permission kms is the port of the command channel", () => {
    const plan = planNetwork(systemWith({ "kms-agent": ["kms"] }), provisioning);
    expect(text(plan.board, "router", "nft")).toContain(`tcp dport ${commandChannelPort} `);
  });

  test("[K23] nobody but the agent gets the command channel", () => {
    const system = systemWith({ telemetry: ["kms"] });
    expect(() => planNetwork(system, provisioning)).toThrow(/telemetry asks for the command channel/);
    const driver = { ...system, components: { telemetry: componentWith(["kms"], "driver") } };
    expect(() => planNetwork(driver, provisioning)).toThrow(/command channel/);
  });

  test.each(["nowhere", "constructor"])("a proxy that the device was not told of is refused: %s", (proxy) => {
    expect(() => planNetwork(systemWith({ telemetry: [proxy] }), provisioning)).toThrow(
      expect.objectContaining({ code: "NETWORK_SETUP_FAILED", message: expect.stringContaining("mqtt, other") }),
    );
  });

  test("a prefix that yields no addresses is refused", () => {
    const bad = provisioningWith({ addressPrefix: "fd12::1:0:0" });
    expect(() => planNetwork(systemWith({ telemetry: ["mqtt"] }), bad)).toThrow(/is no address/);
  });

  test.each([
    ["192.0.2.10", "ip saddr 192.0.2.10 udp sport 51820", false],
    ["2001:db8::10", "ip6 saddr 2001:db8::10 udp sport 51820", true],
  ])(
    "[K23] the uplink lets through the gateway's endpoint %s and, for IPv6, neighbour discovery",
    (host, rule, isV6) => {
      const plan = planNetwork(systemWith({}), provisioningWith({ kms: { endpoint: { host, port: 51820 } } }));
      const rules = text(plan.board, "uplink", "nft");
      expect(acceptingRules(rules, "input").map((line) => line.trim())[1]).toBe(`${rule} accept`);
      expect(rules.includes("icmpv6")).toBe(isV6);
      expect(acceptingRules(rules, "input")).toHaveLength(isV6 ? 5 : 3);
      expect(acceptingRules(rules, "output")).toHaveLength(isV6 ? 4 : 3);
    },
  );

  const named = { resolvers: ["192.0.2.53", "2001:db8::53"], uid: 700_999 };

  test("[K23] only who asks for the time reaches a time server, a declared one at port 123, and only its answer comes in; without any nobody does", () => {
    const time = { servers: ["192.0.2.123", "2001:db8::123"], uid: 700_998 };
    const lines = (rules: string) => rules.split("\n").filter((line) => line.includes("123"));
    const first = firstUplink(provisioningWith({}), time);
    expect(lines(uplinkRules(first)).map((line) => line.trim())).toEqual([
      "ip saddr 192.0.2.123 udp sport 123 ct state established accept",
      "ip6 saddr 2001:db8::123 udp sport 123 ct state established accept",
      "meta skuid 700998 ip daddr 192.0.2.123 udp dport 123 accept",
      "meta skuid 700998 ip6 daddr 2001:db8::123 udp dport 123 accept",
    ]);
    expect(uplinkRules(first)).toContain("nd-neighbor-solicit");
    expect(lines(uplinkRules(firstUplink(provisioningWith({}), { servers: [], uid: 700_998 })))).toEqual([]);
  });

  test("[K23] where the gateway has a name, the resolver's uid alone may ask, the board's resolvers alone, and only answers come in", () => {
    const gateway = { address: "192.0.2.10", port: 51820 };
    const rules = uplinkRules({ gateway, names: named });
    const about = (chain: string) => acceptingRules(rules, chain).filter((line) => / 53 /.test(line));
    expect(about("output").map((line) => line.trim())).toEqual([
      "meta skuid 700999 ip daddr 192.0.2.53 meta l4proto { tcp, udp } th dport 53 accept",
      "meta skuid 700999 ip6 daddr 2001:db8::53 meta l4proto { tcp, udp } th dport 53 accept",
    ]);
    expect(about("input").map((line) => line.trim())).toEqual([
      "ip saddr 192.0.2.53 meta l4proto { tcp, udp } th sport 53 ct state established accept",
      "ip6 saddr 2001:db8::53 meta l4proto { tcp, udp } th sport 53 ct state established accept",
    ]);
  });

  test("[K23] a gateway's name opens nothing before it has an address, and where an address was given nobody asks", () => {
    const host = "gw.example.com";
    const unknown = planNetwork(systemWith({}), provisioningWith({ kms: { endpoint: { host, port: 51820 } } }));
    expect(text(unknown.board, "uplink", "nft")).not.toMatch(/51820| 53 |gw\.example/);
    const given = planNetwork(systemWith({}), provisioningWith({}));
    expect(text(given.board, "uplink", "nft")).not.toMatch(/ 53 |skuid|ct state/);
  });

  test("rules come before links, and forwarding is the last thing to happen", () => {
    const { board } = planNetwork(systemWith({ telemetry: ["mqtt"] }), provisioning);
    expect(board.map((step) => step.program)).toEqual(["nft", "sysctl", "nft", "ip", "ip", "sysctl"]);
  });

  test("the tunnel is moved from the uplink, and only the KMS's address is routed to it", () => {
    const { tunnel } = planNetwork(systemWith({ telemetry: ["mqtt"] }), provisioning);
    expect(text(tunnel, "uplink", "ip")).toBe("link set wg0 netns router\n");
    const routes = text(tunnel, "router", "ip")
      .split("\n")
      .filter((line) => line.startsWith("route"));
    expect(routes).toEqual(["route add fd12:3456:789a::1/128 dev wg0"]);
  });

  test("whatever the system: names fit the kernel, nothing is shared, every chain drops what it does not name", () => {
    fc.assert(
      fc.property(networks, (network) => {
        const plan = planNetwork(systemWith(network), provisioning);
        const networked = Object.keys(network).filter((key) => network[key]?.length);
        expect(new Set(plan.namespaces).size).toBe(networked.length + 1);
        for (const component of networked) expect(plan.namespaces).toContain(componentNamespace(component));
        const router = text(plan.board, "router", "ip");
        const links = [...router.matchAll(/link add (\S+)/g)].map((match) => match[1] ?? "");
        const routes = [...router.matchAll(/route add (\S+)/g)].map((match) => match[1]);
        expect(links.every((link) => link.length <= 15)).toBe(true);
        expect(new Set(links).size).toBe(networked.length);
        expect(new Set(routes).size).toBe(networked.length);
        expect(routes).not.toContain(`${partAddress(provisioning.addressPrefix, 1)}/128`);
        for (const step of plan.board.filter(({ program }) => program === "nft")) {
          expect(step.input.match(/type filter hook/g)).toEqual(
            step.input.match(/policy drop;/g)?.map(() => "type filter hook"),
          );
        }
      }),
    );
  });

  test("[K23] whatever the system: forward rules are its permissions, one for one, each bound to link and source", () => {
    fc.assert(
      fc.property(networks, (network) => {
        const rules = text(planNetwork(systemWith(network), provisioning).board, "router", "nft");
        const found = acceptingRules(rules, "forward").flatMap((rule) => {
          const match = /iifname "(\S+)" oifname "wg0" ip6 saddr (\S+) .* dport (\d+) .* comment "(\S+)"/.exec(rule);
          return match ? [{ link: match[1], source: match[2], permission: `${match[4]} ${match[3]}` }] : [];
        });
        const expected = Object.entries(network).flatMap(([component, proxies]) =>
          proxies.map((proxy) => `${component} ${provisioning.kms.proxies[proxy]}`),
        );
        expect(found.map(({ permission }) => permission).sort()).toEqual(expected.sort());
        for (const { link, source } of found) expect(rules).toContain(`"${link}" . ${source}`);
      }),
    );
  });
});
