/** One device as the KMS would tell of it: what the console is developed and tested against. */

import type { Component, ComponentResources, DeviceStatus, Resources, System } from "@bulkhead/protocol";
import { plainChannel, plainComponent, plainSystem } from "@bulkhead/protocol/testing";
import type {
  Device,
  DeviceEvent,
  Health,
  Release,
  StoredCommand,
  StoredLogLine,
  TelemetryMessage,
  TelemetryOfDevice,
} from "../src/api/types.ts";

export const deviceId = "d-0123456789abcdef";
const digest = "4f".repeat(32);
const nowMs = Date.now();

export const health: Health & Record<string, unknown> = {
  status: "ok",
  database: "up",
  gateway: "up",
  insecureBind: false,
  uploads: "verified",
  timeMs: nowMs,
};

const release = { digest, name: "greenhouse", version: "1.4.0", releaseCounter: 3 };
const key = "A".repeat(43);

export const device: Device & Record<string, unknown> = {
  id: deviceId,
  name: "greenhouse-1",
  deviceKey: key,
  tunnelKey: key,
  address: "fd4b:48:1234::1:1",
  enrolledAtMs: nowMs - 86_400_000,
  connected: true,
  connectedAtMs: nowMs - 3_720_000,
  lastSeenMs: nowMs - 400,
  presence: "connected",
  expectedAtMs: null,
  tunnel: { latestHandshakeMs: nowMs - 48_000 },
  opening: null,
  release,
  overlay: null,
  deployment: "default",
  generation: 7,
  components: { total: 6, ready: 5, failed: 0 },
  unsignedCommands: true,
};

export const offlineDevice: Device & Record<string, unknown> = {
  ...device,
  id: "d-fedcba9876543210",
  name: "bench-2",
  connected: false,
  connectedAtMs: null,
  lastSeenMs: nowMs - 7_200_000,
  presence: "offline",
  tunnel: { latestHandshakeMs: nowMs - 7_200_000 },
  components: { total: 6, ready: 6, failed: 0 },
};

const level: NonNullable<DeviceStatus["components"][number]["level"]> = {
  uid: "own",
  namespaces: ["mount", "pid", "ipc", "uts", "net", "user"],
  capabilities: "0000000000000000",
  seccomp: true,
  noNewPrivileges: true,
  cgroup: "v2",
  cores: "not-asked",
  deadline: "not-asked",
  missing: [],
};

function component(name: string, role: Component["role"], more: Partial<DeviceStatus["components"][number]> = {}) {
  return {
    name,
    role,
    state: "ready" as const,
    incarnation: 1,
    restarts: 0,
    pid: 120,
    lastReason: null,
    level,
    ...more,
  };
}

export const status: DeviceStatus = {
  format: 1,
  atMs: nowMs,
  generation: 7,
  release,
  update: { state: "committed", reason: "every component was ready after 2.1 s" },
  components: [
    component("serial-server", "core"),
    component("network", "core", { level: { ...level, capabilities: "0000000000001000" } }),
    component("kms-agent", "agent"),
    component("i2c", "driver"),
    component("climate", "application", {
      level: { ...level, cgroup: "none", missing: ["control group: none is writable here"] },
    }),
    component("moisture", "application", {
      state: "backing-off",
      incarnation: 4,
      restarts: 3,
      pid: null,
      level: null,
      lastReason: { atMs: nowMs - 1500, text: "moisture exited with code 1: flaky sensor gave up (on purpose)" },
    }),
  ],
  channels: [
    { client: "climate", name: "thermometer", provider: "i2c", up: true, incarnation: 1 },
    { client: "climate", name: "moisture", provider: "moisture", up: false, incarnation: 3 },
  ],
  verification: {
    atMs: nowMs - 60_000,
    ok: false,
    components: 6,
    differences: [
      { component: "climate", what: "limit /sys/fs/cgroup/memory.max", expected: "50331648", found: "max" },
    ],
    more: 0,
    failure: null,
  },
  host: [
    { layer: "seccomp", state: "used", detail: "a filter for each profile" },
    { layer: "Landlock", state: "unused", detail: "ABI 7; the sandbox denies already what it would" },
  ],
};

const mebi = 1024 ** 2;
const unlimited = { memoryBytes: null, cpuWeight: null, cpuQuotaPercent: null, processes: null };

function resourcesOf(
  name: string,
  usedMiB: number,
  enforced: ComponentResources["enforced"] = {
    memoryBytes: 48 * mebi,
    cpuWeight: 100,
    cpuQuotaPercent: null,
    processes: 16,
  },
): ComponentResources {
  return {
    name,
    declared: { memoryBytes: 48 * mebi, cpu: "weight 100", processes: 16, openFiles: 256 },
    enforced,
    used: { memoryBytes: usedMiB * mebi, cpuUs: usedMiB * 123_456, processes: 11, openFiles: 21 },
  };
}

export const resources: Resources = {
  cgroup: "v2",
  components: [
    resourcesOf("serial-server", 21.5),
    resourcesOf("network", 24.25),
    resourcesOf("kms-agent", 31),
    resourcesOf("i2c", 19.75),
    {
      ...resourcesOf("climate", 22, unlimited),
      declared: { memoryBytes: 48 * mebi, cpu: "2 ms in every 50 ms", processes: 16, openFiles: 256 },
    },
    resourcesOf("moisture", 18, { memoryBytes: 64 * mebi, cpuWeight: 100, cpuQuotaPercent: 25, processes: 16 }),
  ],
};

function manifestComponent(role: Component["role"], more: Partial<Component> = {}): Component {
  const image = { artifact: digest, source: "./climate" };
  return plainComponent({ role, image, memoryBytes: 48 * mebi, processes: 16, ...more });
}

export const manifest: System = plainSystem({
  system: "greenhouse",
  version: "1.4.0",
  board: "virtual",
  startOrder: ["serial-server", "network", "kms-agent", "i2c", "moisture", "climate"],
  components: {
    "serial-server": manifestComponent("core", { image: { core: "serial-server" } }),
    network: manifestComponent("core", { image: { core: "network" } }),
    "kms-agent": manifestComponent("agent", { image: { core: "kms-agent" }, network: ["kms"] }),
    i2c: manifestComponent("driver", { devices: ["i2c-2"] }),
    climate: manifestComponent("application", { cpu: { class: "deadline", budgetUs: 2000, periodUs: 50_000 } }),
    moisture: manifestComponent("application"),
  },
  channels: [
    plainChannel({
      client: "climate",
      name: "thermometer",
      provider: "i2c",
      service: "device",
      interface: "i2c-device",
      grant: { bus: 2, address: 0x48, access: "read" },
    }),
    plainChannel({
      client: "climate",
      name: "moisture",
      provider: "moisture",
      service: "reading",
      interface: "moisture",
      dependency: "weak",
    }),
  ],
});

export const releases: (Release & { lengthBytes: number })[] = [
  {
    ...release,
    target: "greenhouse-3.json",
    board: "virtual",
    lengthBytes: 4096,
    uploadedAtMs: nowMs - 3_800_000,
    envelope: null,
    isSigned: true,
    rollbackFrom: null,
    onlyFor: null,
  },
  {
    digest: "a7".repeat(32),
    name: "greenhouse",
    version: "1.5.0",
    releaseCounter: 4,
    target: "greenhouse-4.json",
    board: "virtual",
    lengthBytes: 4096,
    envelope: null,
    isSigned: true,
    rollbackFrom: 5,
    onlyFor: { deployments: ["field"] },
    uploadedAtMs: nowMs - 60_000,
  },
  {
    digest: "a8".repeat(32),
    name: "greenhouse",
    version: "1.6.0",
    releaseCounter: 5,
    target: "greenhouse-5.json",
    board: "virtual",
    lengthBytes: 4096,
    envelope: null,
    isSigned: false,
    rollbackFrom: null,
    onlyFor: null,
    uploadedAtMs: nowMs - 30_000,
  },
];

export const commands: (StoredCommand & Record<string, unknown>)[] = [
  {
    id: "6f6d3a1e-43c1-4f6b-9c4b-0d6a6a0f0d11",
    deviceId,
    command: { kind: "deploy", target: "greenhouse-2.json", releaseDigest: "b3".repeat(32) },
    createdAtMs: nowMs - 900_000,
    deadlineMs: nowMs - 840_000,
    state: "refused",
    deliveries: 1,
    finishedAtMs: nowMs - 899_000,
    code: "RELEASE_ROLLBACK",
    message: "release counter 2 is below 3, which this device has committed",
    signed: null,
    challenge: null,
  },
];

export const events: DeviceEvent[] = [
  {
    id: 1,
    deviceId,
    atMs: nowMs - 5_000_000,
    code: "DEVICE_AUTHENTICATION_FAILED",
    message: "the proof of the device key was wrong",
  },
];

export function logLine(id: number, component: string, text: string, stream: StoredLogLine["stream"] = "out") {
  return { id, sequence: id, atMs: nowMs - 60_000 + id * 250, component, stream, text };
}

export const logLines: StoredLogLine[] = Array.from({ length: 60 }, (_, i) => {
  if (i % 20 === 19) return logLine(i, "moisture", "flaky sensor gave up (on purpose)", "err");
  if (i % 20 === 0) return logLine(i, "moisture", `moisture restarted, incarnation ${i / 20 + 2}`, "runtime");
  return i % 2
    ? logLine(i, "climate", `temperature ${(24 + (i % 7) / 4).toFixed(2)} °C`)
    : logLine(i, "telemetry", "published");
});

export const telemetry: TelemetryMessage[] = Array.from({ length: 90 }, (_, i) => ({
  deviceId,
  topic: "greenhouse/climate",
  atMs: nowMs - (90 - i) * 1000,
  payload: JSON.stringify({
    temperatureMilliC: Math.round(25_500 + 1400 * Math.sin(i / 9) + 90 * Math.sin(i)),
    fan: Math.cos(i / 9) < 0 ? 1 : 0,
  }),
}));

export const readings: TelemetryOfDevice = {
  streams: [
    {
      ...{ component: "climate", stream: "temperature", unit: "°C" },
      points: Array.from({ length: 60 }, (_, i) => ({
        atMs: Date.now() - (60 - i) * 1000,
        value: 24 + Math.sin(i / 6),
      })),
    },
  ],
  losses: [{ stream: "climate.temperature", count: 12, fromMs: 0, toMs: 60_000, notedAtMs: 90_000 }],
};
