/** Systems, and what a device says of one, for tests: complete and plain, so that a test writes only what it is about. */
import { channelDefaults, defaults, storeDefaults } from "../manifest/defaults.ts";
import type { DeviceStatus } from "../status.ts";
import { type Channel, type Component, type System, systemFormat } from "../system.ts";

/** A component with nothing of its own, `more` written over it. */
export function plainComponent(more: Partial<Component> = {}): Component {
  return {
    role: "application",
    image: { core: "none" },
    runner: "node",
    ...defaults,
    devices: [],
    network: [],
    requires: [],
    config: null,
    ...more,
  };
}

/** A channel without limits; it is strong unless `ends` says otherwise. */
export function plainChannel(
  ends: Pick<Channel, "client" | "name" | "provider"> & Partial<Omit<Channel, "client" | "name" | "provider">>,
): Channel {
  return { service: "any", interface: "any", ...channelDefaults, ...ends };
}

/** A system on board `virtual` without components, `more` written over it. */
export function plainSystem(more: Partial<System> = {}): System {
  return {
    format: systemFormat,
    system: "plain",
    version: "1.0.0",
    board: "virtual",
    startOrder: Object.keys(more.components ?? {}),
    components: {},
    channels: [],
    policy: { unsignedCommands: true, requireFullLevel: false },
    housekeepingCores: [],
    sleep: null,
    store: storeDefaults,
    ...more,
  };
}

/** A device without components that runs generation `generation`, `more` written over it. */
export function plainStatus(generation: number, more: Partial<DeviceStatus> = {}): DeviceStatus {
  return {
    format: 1,
    atMs: 1,
    generation,
    release: { digest: "a".repeat(64), name: "greenhouse", version: "1.0.0", releaseCounter: 1 },
    update: { state: "idle", reason: "" },
    components: [],
    channels: [],
    ...more,
  };
}
