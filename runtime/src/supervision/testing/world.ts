/**
 * A small world for tests of supervision: it does what the effects say to processes that exist only here, and holds after
 * each step what must always hold.
 */
import assert from "node:assert/strict";
import { decide } from "../decide.ts";
import type { Exit, SupervisionEffect, SupervisionEvent } from "../event.ts";
import type { SupervisionPlan } from "../plan.ts";
import { initialState, type SupervisionState } from "../state.ts";
import { makeSpares } from "./spares.ts";
import { apply, checkInvariants, makeTable } from "./table.ts";

export type World = ReturnType<typeof makeWorld>;
export type WithoutTime<E> = E extends unknown ? Omit<E, "nowMs"> : never;

export function makeWorld(plan: SupervisionPlan) {
  let state: SupervisionState = initialState(plan);
  const table = makeTable();
  const effects: SupervisionEffect[] = [];

  function happen(event: WithoutTime<SupervisionEvent>): readonly SupervisionEffect[] {
    const decision = decide(state, { ...event, nowMs: table.nowMs } as SupervisionEvent);
    const wasIdle = state.mode === "idle" && event.kind !== "start";
    state = decision.state;
    if (wasIdle) assert.deepEqual(decision.effects, [], "a system that does not run wants nothing done");
    for (const effect of decision.effects) apply(table, effect);
    effects.push(...decision.effects);
    checkInvariants(state.plan, state, table);
    return decision.effects;
  }

  const incarnationOf = (component: string) => table.processes.get(component)?.incarnation ?? -1;

  function built(component: string): void {
    const process = table.processes.get(component);
    if (process?.stage !== "building") return;
    process.stage = "alive";
    happen({ kind: "spawned", component, incarnation: process.incarnation });
  }

  const spares = makeSpares(table, (event) => void happen(event));

  /** Lets the time that safe mode has to help be over. */
  function safeModeElapse(): readonly SupervisionEffect[] {
    if (table.safeModeAtMs === null) return [];
    table.nowMs = Math.max(table.nowMs, table.safeModeAtMs);
    table.safeModeAtMs = null;
    return happen({ kind: "safe-mode-elapsed" });
  }

  const ready = (component: string) => happen({ kind: "ready", component, incarnation: incarnationOf(component) });

  function exit(component: string, how: Exit = { code: 1, signal: null }, jitter = 0): readonly SupervisionEffect[] {
    const incarnation = incarnationOf(component);
    if (!table.processes.delete(component)) return [];
    return happen({ kind: "exited", component, incarnation, exit: how, jitter });
  }

  /** Lets the time of a component's timer come. */
  function elapse(component: string): void {
    const armed = table.timers.get(component);
    if (!armed) return;
    table.timers.delete(component);
    table.nowMs = Math.max(table.nowMs, armed.atMs);
    happen({ kind: "elapsed", component, incarnation: armed.incarnation, timer: armed.timer });
  }

  /** Everybody does from now on what is asked of it, until nothing changes any more. */
  function settle(): void {
    for (let round = 0; round < 1000; round++) {
      const before = JSON.stringify(state);
      for (const name of state.plan.order) obey(name);
      if (JSON.stringify(state) === before) return;
    }
    assert.fail("it does not come to rest");
  }

  function obey(name: string): void {
    built(name);
    const process = table.processes.get(name);
    if (process?.asked || process?.killed) exit(name, { code: 0, signal: null });
    else if (state.components[name]?.phase.kind === "starting") ready(name);
    if (table.timers.get(name)?.timer === "backoff") elapse(name);
    spares.obey(name);
  }

  return {
    ...{ happen, built, ready, exit, elapse, settle, incarnationOf, effects },
    ...{ spares, safeModeElapse },
    pass: (ms: number) => {
      table.nowMs += ms;
    },
    state: () => state,
    phase: (name: string) => state.components[name]?.phase.kind,
    record: (name: string) => state.components[name],
    process: (name: string) => table.processes.get(name),
    processes: () => [...table.processes.keys()],
    spare: (name: string) => state.components[name]?.spare.kind,
    timer: (name: string) => table.timers.get(name),
  };
}
