/** Systems and provisionings for the tests of this folder. */

import {
  type Component,
  generateSigningKey,
  generateX25519Key,
  type Provisioning,
  type System,
} from "@bulkhead/protocol";
import { plainComponent, plainSystem } from "@bulkhead/protocol/testing";

export function componentWith(network: string[], role: Component["role"] = "application"): Component {
  return plainComponent({ role, network });
}

/** `kms-agent` gets the role that may use the command channel; all others are applications. */
export function systemWith(network: Readonly<Record<string, string[]>>): System {
  const components = Object.entries(network).map(([name, permissions]) => {
    return [name, componentWith(permissions, name === "kms-agent" ? "agent" : "application")] as const;
  });
  return plainSystem({ components: Object.fromEntries(components) });
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
    tunnelKey: changes.tunnelKey ?? generateX25519Key().publicKey,
    kms: {
      instanceKey: generateSigningKey().publicKey,
      tunnelKey: generateX25519Key().publicKey,
      endpoint: { host: "192.0.2.10", port: 51820 },
      address: "fd12:3456:789a::1",
      proxies: { mqtt: 1883, other: 8883 },
      ...changes.kms,
    },
    addressPrefix: changes.addressPrefix ?? "fd12:3456:789a:1:0:0:1::",
    tufRoot: "{}",
  };
}
