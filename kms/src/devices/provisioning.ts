/** What an enrolled device is told: whom to trust, and where. */
import { devicePrefix, type Provisioning, provisioningFormat } from "@bulkhead/protocol";
import type { KmsConfig } from "../config.ts";
import { type Instance, identityOf } from "../instance/index.ts";
import type { DeviceRow } from "./registry.ts";

/** Pure. `tufRoot` is the newest root that the KMS has, as signed. */
export function provisioningOf(
  row: DeviceRow,
  instance: Instance,
  config: Pick<KmsConfig, "gateway" | "proxies">,
  tufRoot: string,
): Provisioning {
  const identity = identityOf(instance);
  return {
    format: provisioningFormat,
    deviceId: row.id,
    name: row.name,
    deviceKey: row.deviceKey,
    tunnelKey: row.tunnelKey,
    kms: {
      instanceKey: identity.instanceKey,
      tunnelKey: identity.tunnelKey,
      endpoint: config.gateway.endpoint,
      address: identity.address,
      proxies: Object.fromEntries(Object.entries(config.proxies).map(([name, proxy]) => [name, proxy.port])),
    },
    addressPrefix: devicePrefix(identity.prefix, row.number),
    tufRoot,
  };
}
