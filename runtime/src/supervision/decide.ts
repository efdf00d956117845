/**
 * The decision of supervision: a pure function from a state and what happened to the next state and what to do. It reads
 * no clock and rolls no dice. An event that does not fit the state (a late word of an incarnation that has gone) changes
 * nothing.
 */
import type { SupervisionEffect, SupervisionEvent } from "./event.ts";
import { exited } from "./exit.ts";
import { isKeptBack, judgeSafeMode } from "./ladder.ts";
import { condemn, kill, killForCause } from "./leave.ts";
import { reconcile } from "./reconcile.ts";
import { spareElapsed, spareExited, spareMisbehaved, spareSpawned, spareStandsBy } from "./spare.ts";
import type { SupervisionState } from "./state.ts";
import { giveWay, takeOver } from "./succession.ts";
import { closeTurn, greet, move, note, openTurn, planOf, recordOf, report, type Turn } from "./turn.ts";
import { durationInWords } from "./words.ts";

export type Decision = { readonly state: SupervisionState; readonly effects: readonly SupervisionEffect[] };

/** Decides about one event. */
export function decide(state: SupervisionState, event: SupervisionEvent): Decision {
  if (isLate(state, event)) return { state, effects: [] };
  const turn = openTurn(state, event.nowMs);
  handle(turn, event);
  reconcile(turn);
  return closeTurn(turn);
}

function isLate({ components }: SupervisionState, event: SupervisionEvent): boolean {
  if ("incarnation" in event) return components[event.component]?.incarnation !== event.incarnation;
  if (!("spare" in event)) return false;
  const spare = components[event.component]?.spare;
  return spare === undefined || spare.kind === "none" || spare.id !== event.spare;
}

type EventOf<K extends SupervisionEvent["kind"]> = Extract<SupervisionEvent, { kind: K }>;
type Handlers = { readonly [K in SupervisionEvent["kind"]]: (turn: Turn, event: EventOf<K>) => void };

const handlers: Handlers = {
  start: (turn, { held }) => start(turn, held),
  stop: (turn, { reason }) => stop(turn, reason),
  "give-way": (turn, { staying, reason }) => giveWay(turn, staying, reason),
  "take-over": (turn, { plan, reason }) => takeOver(turn, plan, reason),
  restart: (turn, { component, reason }) => restart(turn, component, reason),
  spawned: (turn, { component }) => spawned(turn, component),
  ready: (turn, { component }) => ready(turn, component),
  heartbeat: (turn, { component }) => heartbeat(turn, component),
  fault: (turn, { component, reason }) => note(turn, component, { lastWord: reason }),
  misbehaved: (turn, { component, reason }) => killForCause(turn, component, `${component} ${reason}`),
  exited: (turn, { component, exit, jitter }) => exited(turn, component, exit, jitter),
  elapsed,
  "spare-spawned": (turn, { component }) => spareSpawned(turn, component),
  "spare-standing-by": (turn, { component }) => spareStandsBy(turn, component),
  "spare-misbehaved": (turn, { component, reason }) => spareMisbehaved(turn, component, reason),
  "spare-exited": (turn, { component, exit, jitter }) => spareExited(turn, component, exit, jitter),
  "spare-elapsed": (turn, { component }) => spareElapsed(turn, component),
  "safe-mode-elapsed": judgeSafeMode,
};

function handle<K extends SupervisionEvent["kind"]>(turn: Turn, event: EventOf<K>): void {
  const handler: Handlers[K] = handlers[event.kind as K];
  handler(turn, event);
}

function start(turn: Turn, held: string | undefined): void {
  if (turn.mode !== "idle") return;
  turn.mode = "running";
  if (held !== undefined) turn.ladder = { ...turn.ladder, safeMode: { because: null, reason: held } };
  for (const name of turn.plan.order) {
    if (!isKeptBack(turn, name)) {
      move(turn, name, { kind: "waiting" });
      continue;
    }
    note(turn, name, { lastReason: `${name} is held: ${held}` });
    report(turn, name, `${name} is held`);
    move(turn, name, { kind: "held" });
  }
}

function stop(turn: Turn, reason: string): void {
  if (turn.mode === "idle" || turn.mode === "ending") return;
  turn.mode = "ending";
  for (const name of turn.plan.order) condemn(turn, name, { kind: "stop" }, reason);
}

function restart(turn: Turn, name: string, why: string): void {
  if (turn.mode !== "running" || !turn.components[name]) return;
  const { phase } = recordOf(turn, name);
  if (isKeptBack(turn, name)) {
    report(turn, name, `${name} stays as it is: the device is in safe mode; restart the device`);
    return;
  }
  // It comes back, or its restart policy decides: there is nothing to ask for.
  if (phase.kind === "waiting" || (phase.kind === "stopping" && phase.after.kind !== "fail")) return;
  const reason = `${name} restarted: ${why}`;
  report(turn, name, reason);
  note(turn, name, { lastReason: reason });
  if (phase.kind === "failed" || phase.kind === "held") revive(turn, name);
  else if (phase.kind === "backing-off" || phase.kind === "stopped") move(turn, name, { kind: "waiting" });
  else condemn(turn, name, { kind: "restart" }, reason);
}

// A person believes that the fault is mended: whoever was given up because of it gets a new chance, too.
function revive(turn: Turn, name: string): void {
  for (const other of turn.plan.order) {
    const { phase } = recordOf(turn, other);
    if (other !== name && !(phase.kind === "failed" && phase.because === name)) continue;
    note(turn, other, { crashesMs: [], backoffStep: 0 });
    move(turn, other, { kind: "waiting" });
  }
}

function spawned(turn: Turn, name: string): void {
  const { phase } = recordOf(turn, name);
  if (phase.kind === "starting" && !phase.spawned) {
    move(turn, name, { kind: "starting", spawned: true });
    greet(turn, name);
  }
  // It was to be stopped while its sandbox was still being built: it has done nothing yet that a grace would save.
  if (phase.kind === "stopping") kill(turn, name, phase.after, phase.reason);
}

function ready(turn: Turn, name: string): void {
  const { phase } = recordOf(turn, name);
  if (phase.kind === "starting" && phase.spawned) move(turn, name, { kind: "ready", sinceMs: turn.nowMs });
}

// The same phase again arms its deadline again.
function heartbeat(turn: Turn, name: string): void {
  const { phase } = recordOf(turn, name);
  if (phase.kind === "ready") move(turn, name, phase);
}

function elapsed(turn: Turn, { component: name, timer }: EventOf<"elapsed">): void {
  const { phase } = recordOf(turn, name);
  const { readyMs, heartbeat: beat } = planOf(turn, name);
  if (timer === "backoff" && phase.kind === "backing-off") move(turn, name, { kind: "waiting" });
  if (timer === "stop" && phase.kind === "stopping") kill(turn, name, phase.after, phase.reason);
  if (timer === "ready" && phase.kind === "starting") {
    killForCause(turn, name, `${name} was not ready within ${durationInWords(readyMs)}`);
  }
  if (timer === "heartbeat" && phase.kind === "ready") {
    killForCause(turn, name, `${name} gave no heartbeat for ${durationInWords(beat.periodMs * beat.missed)}`);
  }
}
