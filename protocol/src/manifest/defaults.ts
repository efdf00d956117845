/** What holds where a manifest says nothing: one table, so that nobody has to look for a second one. */
import type { CoreName } from "../images.ts";
import type { Component } from "../system.ts";

const MiB = 1024 ** 2;

type Defaults = Pick<
  Component,
  "cpu" | "memoryBytes" | "processes" | "storageBytes" | "restart" | "heartbeat" | "readyMs" | "stopMs"
>;

export const defaults: Defaults = {
  cpu: { class: "fair", weight: 100 },
  // An idle Node component has 6-12 MiB of its own, one under load some 12 more (measured); the rest is headroom.
  memoryBytes: 32 * MiB,
  // The kernel counts threads here: Node has eleven, the sandbox's own init one.
  processes: 32,
  storageBytes: 0,
  restart: {
    policy: "permanent",
    // OTP's supervisor gives up after 1 in 5 s; machines in the field should try longer before they go to safe mode.
    intensity: 5,
    periodMs: 60_000,
    backoff: { initialMs: 50, factorPercent: 200, maxMs: 30_000 },
    escalate: "safe-mode",
  },
  heartbeat: { periodMs: 1_000, missed: 3 },
  // The slowest board starts a Node process in some seconds.
  readyMs: 10_000,
  stopMs: 2_000,
};

/** Limits of the core servers, where they differ from the table above. */
export const coreLimits: Readonly<Record<CoreName, Partial<Defaults>>> = {
  "serial-server": {},
  "message-server": {},
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
