/** The processes and timers of the test world: does what effects say, and refuses what must never be said. */
import assert from "node:assert/strict";
import type { SupervisionEffect, TimerName } from "../event.ts";
import type { SupervisionPlan } from "../plan.ts";
import { isRunning, type SupervisionState } from "../state.ts";

type Process = { incarnation: number; stage: "building" | "alive"; greeted: boolean; asked: boolean; killed: boolean };
type Timer = { timer: TimerName; atMs: number; incarnation: number };

export type Table = {
  nowMs: number;
  readonly processes: Map<string, Process>;
  readonly timers: Map<string, Timer>;
  /** The last incarnation that was started. */
  readonly started: Map<string, number>;
};

export function makeTable(): Table {
  return { nowMs: 0, processes: new Map(), timers: new Map(), started: new Map() };
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
  report: nothing,
  changed: nothing,
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
    assert.ok(record.crashesMs.length <= component.restart.intensity, `${name} was restarted more often than allowed`);
    if (state.mode === "idle")
      assert.ok(!isRunning(record) && !table.timers.has(name), "nothing is left of what ended");
    if (record.phase.kind !== "ready" && record.phase.kind !== "starting") continue;
    for (const provider of component.strongProviders) {
      assert.equal(state.components[provider]?.phase.kind, "ready", `${name} runs without ${provider}`);
    }
  }
}
