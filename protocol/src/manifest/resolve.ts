/** Fills in what a manifest leaves out: defaults, core servers, the order of start. Pure; judges nothing. */
import { type CoreName, coreImages } from "../images.ts";
import { type Channel, systemFormat } from "../system.ts";
import { driverClassOf } from "./analysis.ts";
import type { Board } from "./board.ts";
import { coreLimits, coreRestart, defaults } from "./defaults.ts";
import type { Plan, PlannedComponent } from "./plan.ts";
import { startOrder } from "./start-order.ts";
import type { ComponentWritten, ManifestWritten } from "./written.ts";

/** The plan of a manifest whose channels are linked. */
export function resolvePlan(written: ManifestWritten, board: Board, channels: readonly Channel[]): Plan {
  const core = Object.keys(coreImages).map((name): [string, PlannedComponent] => [
    name,
    coreComponent(name as CoreName),
  ]);
  const own = Object.entries(written.components).map(([name, component]): [string, PlannedComponent] => [
    name,
    resolveComponent(component, board),
  ]);
  const components = Object.fromEntries([...core, ...own]);
  return {
    format: systemFormat,
    system: written.system,
    version: written.version,
    board: board.board,
    startOrder: startOrder(Object.keys(components), channels),
    components,
    channels: [...channels],
    policy: {
      unsignedCommands: written["unsigned-commands"] ?? board.policy["unsigned-commands"],
      requireFullLevel: board.policy["require-full-level"],
    },
  };
}

function coreComponent(name: CoreName): PlannedComponent {
  const image = coreImages[name];
  return {
    ...defaults,
    restart: coreRestart,
    ...coreLimits[name],
    role: image.role,
    image: { core: name },
    runner: "node",
    devices: [],
    network: [...image.network],
    requires: [],
    config: {},
  };
}

function resolveComponent(written: ComponentWritten, board: Board): PlannedComponent {
  const driver = driverClassOf(written.image) !== undefined;
  return {
    role: driver ? "driver" : "application",
    image: { source: written.image },
    // Runners that this version does not have are refused by a rule; the plan is not used then.
    runner: "node",
    devices: [...(written.devices ?? [])],
    network: [...(written.network ?? [])],
    cpu: resolveCpu(written.cpu),
    memoryBytes: written.memory ?? defaults.memoryBytes,
    processes: written.processes ?? defaults.processes,
    storageBytes: written.storage?.quota ?? defaults.storageBytes,
    restart: resolveRestart(written.restart),
    heartbeat: {
      periodMs: written.heartbeat?.period ?? defaults.heartbeat.periodMs,
      missed: written.heartbeat?.missed ?? defaults.heartbeat.missed,
    },
    readyMs: written.ready ?? defaults.readyMs,
    stopMs: written.stop ?? defaults.stopMs,
    requires: [...(written.requires ?? [])],
    config: { ...written.config, ...(driver && { backend: board.backend }) },
  };
}

function resolveCpu(written: ComponentWritten["cpu"]): PlannedComponent["cpu"] {
  if (written === undefined) return defaults.cpu;
  if (written.class === "deadline") return { class: "deadline", budgetUs: written.budget, periodUs: written.period };
  const quota = written.quota === undefined ? {} : { quotaPercent: written.quota };
  return { class: "fair", weight: written.weight ?? 100, ...quota };
}

function resolveRestart(written: ComponentWritten["restart"]): PlannedComponent["restart"] {
  const { restart } = defaults;
  const { initial, factor, max } = written?.backoff ?? {};
  return {
    policy: written?.policy ?? restart.policy,
    intensity: written?.intensity ?? restart.intensity,
    periodMs: written?.period ?? restart.periodMs,
    backoff: {
      initialMs: initial ?? restart.backoff.initialMs,
      factorPercent: factor === undefined ? restart.backoff.factorPercent : Math.round(factor * 100),
      maxMs: max ?? restart.backoff.maxMs,
    },
    escalate: written?.escalate ?? restart.escalate,
  };
}
