/** A component's level of isolation in words. */
import type { DeviceStatus } from "@bulkhead/protocol";

export type Level = NonNullable<DeviceStatus["components"][number]["level"]>;

/** The layers that hold, in the order in which they are put on. */
export function heldLayers(level: Level): string[] {
  const layers = [
    level.uid === "own" && "own uid",
    level.namespaces.length > 0 && `namespaces ${level.namespaces.join(", ")}`,
    /^0+$/.test(level.capabilities) ? "no capabilities" : `capabilities 0x${level.capabilities.replace(/^0+/, "")}`,
    level.seccomp && "seccomp filter",
    level.noNewPrivileges && "no new privileges",
    level.cgroup !== "none" && `control group ${level.cgroup}`,
    level.cores === "applied" && "placement on cores",
    level.deadline === "applied" && "deadline scheduling",
  ];
  return layers.filter((layer) => layer !== false);
}

/** What is missing, and what it may do beyond its layers. */
export function lowerings({ missing, writesSysfs }: Level): string[] {
  return [...missing, ...(writesSysfs ? ["writes sysfs"] : [])];
}

/** The running components that run without a layer that they should have. */
export function reducedComponents(components: DeviceStatus["components"]): DeviceStatus["components"] {
  return components.filter(({ level }) => level && level.missing.length > 0);
}

/** What is missing somewhere, each layer once. */
export function missingLayers(components: DeviceStatus["components"]): string[] {
  return [...new Set(components.flatMap(({ level }) => level?.missing ?? []))];
}
