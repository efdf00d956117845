/** Systems and provisionings for the tests of this folder. */
import {
  type Component,
  generateSigningKey,
  generateTunnelKey,
  type Provisioning,
  type System,
} from "@bulkhead/protocol";

export function componentWith(network: string[], role: Component["role"] = "application"): Component {
  return {
    role,
    image: { core: "none" },
    runner: "node",
    devices: [],
    network,
    cpu: { class: "fair", weight: 100 },
    memoryBytes: 1,
    processes: 1,
    storageBytes: 0,
    restart: {
      policy: "permanent",
      intensity: 1,
      periodMs: 1,
      backoff: { initialMs: 0, factorPercent: 100, maxMs: 0 },
      escalate: "group",
    },
    heartbeat: { periodMs: 1000, missed: 3 },
    readyMs: 1000,
    stopMs: 1000,
    requires: [],
    config: null,
  };
}

/** `kms-agent` gets the role that may use the command channel; all others are applications. */
export function systemWith(network: Readonly<Record<string, string[]>>): System {
  const components = Object.entries(network).map(([name, permissions]) => {
    return [name, componentWith(permissions, name === "kms-agent" ? "agent" : "application")] as const;
  });
  return {
    format: 1,
    system: "example",
    version: "1.0.0",
    board: "virtual",
    startOrder: Object.keys(network),
    components: Object.fromEntries(components),
    channels: [],
    policy: { unsignedCommands: false, requireFullLevel: false },
  };
}

export function provisioningWith(changes: {
  kms?: Partial<Provisioning["kms"]>;
  addressPrefix?: string;
  tunnelKey?: string;
}): Provisioning {
  return {
    format: 1,
    deviceId: "d-0123456789abcdef",
    name: "example",
    deviceKey: generateSigningKey().publicKey,
    tunnelKey: changes.tunnelKey ?? generateTunnelKey().publicKey,
    kms: {
      instanceKey: generateSigningKey().publicKey,
      tunnelKey: generateTunnelKey().publicKey,
      endpoint: { host: "192.0.2.10", port: 51820 },
      address: "fd12:3456:789a::1",
      proxies: { mqtt: 1883, other: 8883 },
      ...changes.kms,
    },
    addressPrefix: changes.addressPrefix ?? "fd12:3456:789a:1:0:0:1::",
    tufRoot: "{}",
  };
}
