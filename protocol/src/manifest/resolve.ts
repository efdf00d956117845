/** Fills in what a manifest leaves out: defaults, core servers, the order of start. Pure; judges nothing. */
import { type CoreName, coreImages } from "../images.ts";
import { defaultDeadlineMs } from "../ipc/frame.ts";
import { type Channel, systemFormat } from "../system.ts";
import { driverClassOf } from "./analysis.ts";
import type { Board } from "./board.ts";
import { claimsOf, driverConfig } from "./claims.ts";
import { coreLimits, coreRestart, defaults, storeDefaults } from "./defaults.ts";
import { overlayableOf } from "./overlayable.ts";
import type { Plan, PlannedComponent } from "./plan.ts";
import { startOrder } from "./start-order.ts";
import type { ComponentWritten, ManifestWritten } from "./written.ts";

/** The plan of a manifest whose channels are linked. */
export function resolvePlan(written: ManifestWritten, board: Board, channels: readonly Channel[]): Plan {
  const core = Object.keys(coreImages).map((name): [string, PlannedComponent] => [
    name,
    coreComponent(name as CoreName, board),
  ]);
  const own = Object.entries(written.components).map(([name, component]): [string, PlannedComponent] => [
    name,
    resolveComponent(
      component,
      board,
      channels.filter(({ provider }) => provider === name),
    ),
  ]);
  const housekeepingCores = written["housekeeping-cores"] ?? [];
  const components = Object.fromEntries(
    [...core, ...own].map(([name, component]) => [name, keepHouse(component, housekeepingCores)]),
  );
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
    ...(written.requires?.length && { requires: [...written.requires] }),
    ...resolveUpdate(written.update),
    housekeepingCores,
    sleep: written.sleep ? { everyMs: written.sleep.every, awakeMs: written.sleep.awake } : null,
    store: {
      telemetryBytes: written.store?.telemetry ?? storeDefaults.telemetryBytes,
      logsBytes: written.store?.logs ?? storeDefaults.logsBytes,
      traceBytes: written.store?.trace ?? storeDefaults.traceBytes,
    },
    ...overlayableOf(written, board),
  };
}

/** Nothing where all is as it is anyhow. */
function resolveUpdate(written: ManifestWritten["update"] = {}): Pick<Plan, "update"> {
  const { restart, window, steady, kms, pinned } = written;
  const update = {
    ...(restart === "all" && { restart: "all" as const }),
    ...present({ windowMs: window, steadyMs: steady }),
    ...(kms && { kms: true as const }),
    ...(pinned && { pinned: true as const }),
  };
  return Object.keys(update).length > 0 ? { update } : {};
}

function coreComponent(name: CoreName, board: Board): PlannedComponent {
  const image = coreImages[name];
  return {
    ...defaults,
    ...defaultsOn(board),
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

/** `provided`: the channels that it provides. */
function resolveComponent(written: ComponentWritten, board: Board, provided: readonly Channel[]): PlannedComponent {
  const driver = driverClassOf(written.image) !== undefined;
  return {
    role: driver ? "driver" : "application",
    image: { source: written.image },
    runner: written.runner ?? "node",
    environment: written.environment ?? defaults.environment,
    trustGroup: written["trust-group"] ?? defaults.trustGroup,
    ...present({ kvm: written.kvm }),
    ...resolveBounds(written),
    ...resolveLife(written, defaultsOn(board)),
    ...resolveAccess(written),
    ...claimsOf(written, board, provided),
    config: { ...written.config, ...(driver && driverConfig(written, board, provided)) },
  };
}

/** Who names no cores is kept to those of the runtime, where there are such. */
function keepHouse(component: PlannedComponent, cores: number[]): PlannedComponent {
  return component.cores.length === 0 && component.cpu.class === "fair"
    ? { ...component, cores: [...cores] }
    : component;
}

/** How much of the machine it may take. */
function resolveBounds(written: ComponentWritten) {
  return {
    cpu: resolveCpu(written.cpu),
    cores: [...(written.cpu?.cores ?? defaults.cores)],
    memoryBytes: written.memory ?? defaults.memoryBytes,
    processes: written.processes ?? defaults.processes,
    openFiles: written.files ?? defaults.openFiles,
    storage: { ...defaults.storage, ...present({ quotaBytes: written.storage?.quota, keep: written.storage?.keep }) },
  };
}

type Pace = Pick<PlannedComponent, "heartbeat" | "readyMs" | "stopMs" | "callMs">;

/** What a process on the board is given of time. */
function defaultsOn({ pace }: Board): Pace {
  const { heartbeat, readyMs, stopMs } = defaults;
  const periodMs = heartbeat.periodMs * pace;
  const slow = pace === 1 ? {} : { callMs: defaultDeadlineMs * pace };
  return { heartbeat: { ...heartbeat, periodMs }, readyMs: readyMs * pace, stopMs: stopMs * pace, ...slow };
}

/** How it starts, is watched, and comes back. */
function resolveLife({ restart, heartbeat, spare, ready, stop }: ComponentWritten, usual: Pace) {
  return {
    restart: resolveRestart(restart),
    heartbeat: { ...usual.heartbeat, ...present({ periodMs: heartbeat?.period, missed: heartbeat?.missed }) },
    spare: spare ?? defaults.spare,
    readyMs: ready ?? usual.readyMs,
    ...present({ callMs: usual.callMs }),
    stopMs: stop ?? usual.stopMs,
  };
}

/** What it may reach, and who may look into it. */
function resolveAccess({ devices = [], network = [], requires = [], trace, attach, secrets }: ComponentWritten) {
  return {
    devices: [...devices],
    network: [...network],
    requires: [...requires],
    trace: { ...defaults.trace, ...present({ ringBytes: trace?.ring, enabled: trace?.on }) },
    attach: [...(attach ?? defaults.attach)],
    secrets: [...(secrets ?? defaults.secrets)],
  };
}

/** `values` without the members that are undefined, so that a spread of them overrides only what was written. */
function present<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
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
    hold: written?.hold ?? restart.hold,
    escalate: written?.escalate ?? restart.escalate,
  };
}
