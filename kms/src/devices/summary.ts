/** A device as the API shows it: the registry's row, joined with what is true only now. */
import { devicePrefix, partAddress, routerPart } from "@bulkhead/protocol";
import type { Device } from "../api/index.ts";
import { describePresence } from "./presence.ts";
import type { DeviceRow } from "./registry.ts";

export type Presence = {
  connectedAtMs: number | null;
  tunnel: Device["tunnel"];
};

/** Pure. `prefix` is the instance's. */
export function summariseDevice(row: DeviceRow, prefix: string, presence: Presence): Device {
  return {
    id: row.id,
    name: row.name,
    deployment: row.deployment,
    deviceKey: row.deviceKey,
    tunnelKey: row.tunnelKey,
    address: partAddress(devicePrefix(prefix, row.number), routerPart),
    enrolledAtMs: row.enrolledAtMs,
    connected: presence.connectedAtMs !== null,
    connectedAtMs: presence.connectedAtMs,
    lastSeenMs: row.lastSeenMs,
    presence: describePresence(row, presence.connectedAtMs !== null, Date.now()),
    expectedAtMs: row.expectedAtMs,
    tunnel: presence.tunnel,
    release: row.status?.release ?? null,
    overlay: row.status?.overlay ?? null,
    generation: row.status?.generation ?? null,
    components: row.status && countComponents(row.status.components),
    unsignedCommands: row.system?.policy.unsignedCommands ?? null,
    opening: row.opening,
  };
}

function countComponents(components: NonNullable<DeviceRow["status"]>["components"]): Device["components"] {
  const inState = (state: string) => components.filter((component) => component.state === state).length;
  return { total: components.length, ready: inState("ready"), failed: inState("failed") };
}
