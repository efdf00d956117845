/** The processes and timers of the test world: does what effects say, and refuses what must never be said. */
import assert from "node:assert/strict";
import type { SpareTimerName, SupervisionEffect, TimerName } from "../event.ts";
import { isEssential, type SupervisedComponent, type SupervisionPlan } from "../plan.ts";
import { type ComponentRecord, hasSpareProcess, isRunning, type SupervisionState } from "../state.ts";

type Process = { incarnation: number; stage: "building" | "alive"; greeted: boolean; asked: boolean; killed: boolean };
type Timer = { timer: TimerName; atMs: number; incarnation: number };
type SpareProcess = { spare: number; stage: "building" | "alive"; told: boolean; killed: boolean };
type SpareTimer = { timer: SpareTimerName; atMs: number; spare: number };

export type Table = {
  nowMs: number;
  readonly processes: Map<string, Process>;
  readonly timers: Map<string, Timer>;
  readonly spares: Map<string, SpareProcess>;
  readonly spareTimers: Map<string, SpareTimer>;
  /** When safe mode is to have helped. */
  safeModeAtMs: number | null;
  /** The last incarnation that was started. */
  readonly started: Map<string, number>;
};

export function makeTable(): Table {
  return {
    ...{ nowMs: 0, processes: new Map(), timers: new Map(), started: new Map(), spares: new Map() },
    ...{ spareTimers: new Map(), safeModeAtMs: null },
  };
}

type Apply = {
  readonly [K in SupervisionEffect["kind"]]: (table: Table, effect: Extract<SupervisionEffect, { kind: K }>) => void;
};

const nothing = () => {};
const appliers: Apply = {
  spawn({ processes, started }, { component, incarnation }) {
    assert.equal(processes.get(component), undefined, `${component} has a process already`);
    assert.ok(incarnation > (started.get(component) ?? 0), "the incarnation rises");
    started.set(component, incarnation);
    processes.set(component, { incarnation, stage: "building", greeted: false, asked: false, killed: false });
  },
  greet({ processes }, { component }) {
    const process = processes.get(component);
    assert.ok(process?.stage === "alive" && !process.greeted, "greeted once, and only what lives");
    process.greeted = true;
  },
  "tell-peer"({ processes }, { component }) {
    assert.ok(processes.get(component)?.greeted, "start is the first message");
  },
  "ask-to-stop"({ processes }, { component }) {
    const process = processes.get(component);
    assert.ok(process, "only what runs is asked to stop");
    process.asked = true;
  },
  kill({ processes }, { component }) {
    const process = processes.get(component);
    assert.ok(process, "only what runs is killed");
    // A sandbox that is still being built cannot be killed yet.
    if (process.stage === "alive") process.killed = true;
  },
  arm({ timers, nowMs }, { component, timer, afterMs, incarnation }) {
    timers.set(component, { timer, atMs: nowMs + afterMs, incarnation });
  },
  disarm({ timers }, { component }) {
    timers.delete(component);
  },
  "spawn-spare"({ spares }, { component, spare }) {
    assert.equal(spares.get(component), undefined, `${component} has a spare already`);
    spares.set(component, { spare, stage: "building", told: false, killed: false });
  },
  "stand-by"({ spares }, { component }) {
    const process = spares.get(component);
    assert.ok(process?.stage === "alive" && !process.told, "told once to stand by, and only what lives");
    process.told = true;
  },
  "kill-spare"({ spares }, { component }) {
    const process = spares.get(component);
    assert.ok(process, "only a spare that is there is killed");
    if (process.stage === "alive") process.killed = true;
  },
  "arm-spare"({ spareTimers, nowMs }, { component, timer, afterMs, spare }) {
    spareTimers.set(component, { timer, atMs: nowMs + afterMs, spare });
  },
  "disarm-spare"({ spareTimers }, { component }) {
    spareTimers.delete(component);
  },
  promote({ processes, spares, started }, { component, incarnation, spare }) {
    assert.equal(processes.get(component), undefined, `two incarnations of ${component} run`);
    const process = spares.get(component);
    assert.ok(process?.spare === spare && process.told && !process.killed, "only what stands by takes over");
    assert.ok(incarnation > (started.get(component) ?? 0), "the incarnation rises");
    spares.delete(component);
    started.set(component, incarnation);
    processes.set(component, { incarnation, stage: "alive", greeted: false, asked: false, killed: false });
  },
  "watch-safe-mode"(table, { afterMs }) {
    table.safeModeAtMs = table.nowMs + afterMs;
  },
  "unwatch-safe-mode"(table) {
    table.safeModeAtMs = null;
  },
  report: nothing,
  changed: nothing,
  crashed: nothing,
  say: nothing,
  escalate: nothing,
};

export function apply<K extends SupervisionEffect["kind"]>(
  table: Table,
  effect: Extract<SupervisionEffect, { kind: K }>,
): void {
  const applier: Apply[K] = appliers[effect.kind as K];
  applier(table, effect);
}

/** What holds after every step, whatever happened. */
export function checkInvariants(plan: SupervisionPlan, state: SupervisionState, table: Table): void {
  for (const name of plan.order) {
    const record = state.components[name];
    const component = plan.components[name];
    assert.ok(record && component);
    assert.equal(isRunning(record), table.processes.has(name), `${name} is ${record.phase.kind}`);
    assert.equal(hasSpareProcess(record), table.spares.has(name), `the spare of ${name} is ${record.spare.kind}`);
    assert.ok(record.crashesMs.length <= component.restart.intensity, `${name} was restarted more often than allowed`);
    if (state.mode === "idle") checkSilence(name, record, table);
    if (record.phase.kind === "starting" || record.phase.kind === "ready") checkRunning(name, component, state);
  }
  if (state.mode === "idle") assert.equal(table.safeModeAtMs, null, "nobody waits for safe mode to help");
}

function checkSilence(name: string, record: ComponentRecord, { timers, spareTimers }: Table): void {
  assert.ok(!isRunning(record) && !timers.has(name), "nothing is left of what ended");
  assert.ok(!hasSpareProcess(record) && !spareTimers.has(name), "no spare is left of what ended");
}

function checkRunning(name: string, component: SupervisedComponent, state: SupervisionState): void {
  for (const provider of component.strongProviders) {
    assert.equal(state.components[provider]?.phase.kind, "ready", `${name} runs without ${provider}`);
  }
  assert.ok(!state.ladder.safeMode || isEssential(component), `${name} runs in safe mode`);
}
