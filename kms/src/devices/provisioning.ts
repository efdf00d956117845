/** What an enrolled device is told: whom to trust, and where. */
import {
  devicePrefix,
  type Invitation,
  type Provisioning,
  provisioningFormat,
  usualDeployment,
} from "@bulkhead/protocol";
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
  return { ...invitationOf(row, instance, config, tufRoot), deviceId: row.id, deviceKey: row.deviceKey };
}

/** The same for a board that has not come yet. Pure. */
export function invitationOf(
  row: Pick<DeviceRow, "name" | "tunnelKey" | "number" | "deployment">,
  instance: Instance,
  config: Pick<KmsConfig, "gateway" | "proxies">,
  tufRoot: string,
): Invitation {
  const identity = identityOf(instance);
  return {
    format: provisioningFormat,
    name: row.name,
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
    // Left out where it says nothing: a runtime from before there were deployments takes no key that it does not know.
    ...(row.deployment !== usualDeployment && { deployment: row.deployment }),
  };
}
