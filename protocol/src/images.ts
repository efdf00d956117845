/**
 * The images that come with Bulkhead: core servers (part of the installed runtime, in every system) and drivers
 * (artifacts of a release like any component). The compiler resolves services and implicit channels from this table.
 */
import type { DeviceClass } from "./devices.ts";
import type { Role } from "./patterns.ts";
import type { RunnerName } from "./system.ts";

type BuiltIn = {
  readonly role: Role;
  /** Service name → interface name. */
  readonly provides: Readonly<Record<string, string>>;
  /** Channel name → provider and service; channels of the core that no manifest needs to write. */
  readonly uses: Readonly<Record<string, { readonly from: string; readonly dependency: "strong" | "weak" }>>;
  readonly network: readonly string[];
};

/** Core servers, in the order in which they start. Their names are reserved. */
export const coreImages = {
  "serial-server": {
    role: "core",
    provides: { console: "console", samples: "samples", published: "published-samples" },
    uses: {},
    network: [],
  },
  "message-server": {
    role: "core",
    provides: { monitor: "monitor" },
    uses: {
      scheduler: { from: "scheduler-server.report", dependency: "weak" },
      clock: { from: "clock-server.time", dependency: "weak" },
    },
    network: [],
  },
  "clock-server": { role: "core", provides: { time: "clock", setting: "clock-setting" }, uses: {}, network: [] },
  "scheduler-server": { role: "core", provides: { report: "scheduler" }, uses: {}, network: [] },
  "key-store": {
    role: "core",
    provides: {
      identity: "device-identity",
      tunnel: "tunnel-key",
      keys: "component-keys",
      secrets: "secrets",
      opening: "release-opening",
    },
    uses: {},
    network: [],
  },
  verifier: {
    role: "core",
    provides: { gate: "gate" },
    uses: { opening: { from: "key-store.opening", dependency: "weak" } },
    network: [],
  },
  network: {
    role: "core",
    provides: {},
    uses: { key: { from: "key-store.tunnel", dependency: "strong" } },
    network: [],
  },
  "kms-agent": {
    role: "agent",
    provides: {},
    uses: {
      identity: { from: "key-store.identity", dependency: "strong" },
      gate: { from: "verifier.gate", dependency: "weak" },
      console: { from: "serial-server.console", dependency: "weak" },
      samples: { from: "serial-server.published", dependency: "weak" },
      monitor: { from: "message-server.monitor", dependency: "weak" },
      scheduler: { from: "scheduler-server.report", dependency: "weak" },
      clock: { from: "clock-server.setting", dependency: "weak" },
    },
    network: ["kms"],
  },
} as const satisfies Record<string, BuiltIn>;

export type CoreName = keyof typeof coreImages;

/** Driver images by the name behind `driver:`. */
export const driverImages = {
  i2c: { provides: { device: "i2c-device" } },
  gpio: { provides: { line: "gpio-line", lines: "gpio-lines" } },
  serial: { provides: { port: "serial-port" } },
  spi: { provides: { device: "spi-device" } },
  can: { provides: { bus: "can-bus" } },
  pwm: { provides: { channel: "pwm-channel" } },
  adc: { provides: { input: "adc-input" } },
  rtc: { provides: { clock: "rtc" } },
  leds: { provides: { led: "led" } },
  watchdog: { provides: { timer: "watchdog" } },
} as const satisfies Record<DeviceClass, { readonly provides: Readonly<Record<string, string>> }>;

/** The file that makes a folder the image of a component, by its runner; one of them is there. */
export const imageEntries: Readonly<Record<RunnerName, readonly string[]>> = {
  node: ["main.ts"],
  bun: ["main.ts"],
  worker: ["main.ts"],
  native: ["main.c", "main.rs"],
  beam: ["main.erl", "main.ex"],
  vm: ["main.c", "main.rs"],
};
