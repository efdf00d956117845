/** What holds where a manifest says nothing: one table, so that nobody has to look for a second one. */
import type { CoreName } from "../images.ts";
import type { Channel, Component, System } from "../system.ts";

const MiB = 1024 ** 2;

type Defaults = Pick<
  Component,
  | "cpu"
  | "cores"
  | "memoryBytes"
  | "processes"
  | "openFiles"
  | "storage"
  | "restart"
  | "heartbeat"
  | "spare"
  | "trace"
  | "attach"
  | "secrets"
  | "environment"
  | "trustGroup"
  | "readyMs"
  | "stopMs"
>;

export const defaults: Defaults = {
  cpu: { class: "fair", weight: 100 },
  cores: [],
  // An idle Node component has 6-12 MiB of its own, one under load some 12 more (measured); the rest is headroom.
  memoryBytes: 32 * MiB,
  // The kernel counts threads here: Node has eleven, the sandbox's own init one.
  processes: 32,
  // An idle Node component has some twenty open; each channel and each connection is one more.
  openFiles: 256,
  storage: { quotaBytes: 0, keep: false },
  restart: {
    policy: "permanent",
    // OTP's supervisor gives up after 1 in 5 s; machines in the field should try longer before they go to safe mode.
    intensity: 5,
    periodMs: 60_000,
    backoff: { initialMs: 50, factorPercent: 200, maxMs: 30_000 },
    hold: false,
    escalate: "safe-mode",
  },
  heartbeat: { periodMs: 1_000, missed: 3 },
  spare: false,
  // Some hundred entries: enough to see what led to a crash.
  trace: { ringBytes: 64 * 1024, enabled: false },
  attach: [],
  secrets: [],
  environment: "hosted",
  trustGroup: null,
  // The slowest board starts a Node process in some seconds.
  readyMs: 10_000,
  stopMs: 2_000,
};

/** The terms of a channel of which a manifest says only where it goes. */
export const channelDefaults = {
  dependency: "strong",
  grant: {},
  operations: null,
  inspect: false,
  ratePerSecond: null,
  leaseBytes: 0,
} as const satisfies Partial<Channel>;

/** What is kept while the management service is out of reach; flash wears, so it is little unless asked for. */
export const storeDefaults: System["store"] = { telemetryBytes: 4 * MiB, logsBytes: 1 * MiB, traceBytes: 1 * MiB };

/** Limits of the core servers, where they differ from the table above. */
export const coreLimits: Readonly<Record<CoreName, Partial<Defaults>>> = {
  // A pipe for each component, and a log file for some.
  "serial-server": { openFiles: 1024 },
  // Two ends of each inspected channel.
  "message-server": { openFiles: 1024 },
  "clock-server": {},
  "scheduler-server": {},
  "key-store": {},
  // Unpacks artifacts, piece by piece, and holds one parsed release.
  verifier: { memoryBytes: 48 * MiB },
  // Has wireguard-go as its child where the kernel has no WireGuard; nft and ip come and go.
  network: { memoryBytes: 48 * MiB, processes: 64 },
  // Its buffers are bounded, but it holds a message of 4 MiB in text and parsed.
  "kms-agent": { memoryBytes: 48 * MiB },
};

/** Core servers keep the device reachable, so they are restarted more patiently than an application. */
export const coreRestart: Component["restart"] = { ...defaults.restart, intensity: 20 };
