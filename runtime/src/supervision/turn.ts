/**
 * One turn of the decision: a copy of the state that may be changed until the turn is closed. Every change of phase goes
 * through `move`, which derives what each change means for peers and timers; no rule can forget it.
 */
import type { SupervisionEffect, TimerName } from "./event.ts";
import type { SupervisedComponent, SupervisionPlan } from "./plan.ts";
import type { ComponentRecord, LadderState, Phase, SupervisionState } from "./state.ts";

export type Turn = {
  plan: SupervisionPlan;
  readonly nowMs: number;
  mode: SupervisionState["mode"];
  staying: readonly string[];
  ladder: LadderState;
  components: Record<string, ComponentRecord>;
  readonly effects: SupervisionEffect[];
};

/** A process that SIGKILL did not end yet (it may hang in the kernel) is killed again after this. */
export const killAgainMs = 1000;

export function openTurn(state: SupervisionState, nowMs: number): Turn {
  const { plan, mode, staying, ladder, components } = state;
  return { plan, nowMs, mode, staying, ladder, components: { ...components }, effects: [] };
}

export function closeTurn(turn: Turn): { state: SupervisionState; effects: SupervisionEffect[] } {
  const { plan, mode, staying, ladder, components, effects } = turn;
  return { state: { plan, mode, staying, ladder, components }, effects };
}

/** Names come from the plan or are checked at the event; a miss is an error of this module. */
export function recordOf(turn: Turn, name: string): ComponentRecord {
  const record = turn.components[name];
  if (!record) throw new TypeError(`no component ${name} in the state`);
  return record;
}

export function planOf(turn: Turn, name: string): SupervisedComponent {
  const component = turn.plan.components[name];
  if (!component) throw new TypeError(`no component ${name} in the plan`);
  return component;
}

/** Changes what is remembered of a component, not its phase. */
export function note(turn: Turn, name: string, change: Omit<Partial<ComponentRecord>, "phase">): void {
  turn.components[name] = { ...recordOf(turn, name), ...change };
}

export function report(turn: Turn, name: string, text: string): void {
  turn.effects.push({ kind: "report", component: name, incarnation: recordOf(turn, name).incarnation, text });
}

/** Takes a component to another phase. `delayMs` is the delay of a back-off. */
export function move(turn: Turn, name: string, phase: Phase, delayMs = 0): void {
  const before = recordOf(turn, name);
  const { incarnation } = before;
  turn.components[name] = { ...before, phase };
  setTimer(turn, name, phase, delayMs);
  if (before.phase.kind !== phase.kind) {
    turn.effects.push({ kind: "changed", component: name, incarnation, phase: phase.kind });
  }
  if ((before.phase.kind === "ready") !== (phase.kind === "ready")) tellClients(turn, name, phase.kind === "ready");
}

function setTimer(turn: Turn, name: string, phase: Phase, delayMs: number): void {
  const { incarnation } = recordOf(turn, name);
  const timer = timerOf(turn, name, phase, delayMs);
  if (timer) turn.effects.push({ kind: "arm", component: name, incarnation, ...timer });
  else turn.effects.push({ kind: "disarm", component: name, incarnation });
}

function timerOf(
  turn: Turn,
  name: string,
  phase: Phase,
  delayMs: number,
): { timer: TimerName; afterMs: number } | null {
  const component = planOf(turn, name);
  switch (phase.kind) {
    case "starting":
      return { timer: "ready", afterMs: component.readyMs };
    case "ready":
      return { timer: "heartbeat", afterMs: component.heartbeat.periodMs * component.heartbeat.missed };
    case "stopping":
      if (phase.stage === "queued") return null;
      return { timer: "stop", afterMs: phase.stage === "asked" ? component.stopMs : killAgainMs };
    case "backing-off":
      return { timer: "backoff", afterMs: delayMs };
    case "waiting":
    case "stopped":
    case "held":
    case "failed":
      return null;
  }
}

function tellClients(turn: Turn, name: string, up: boolean): void {
  for (const { client, name: channel } of planOf(turn, name).clients) {
    if (listens(recordOf(turn, client))) tellPeer(turn, client, channel, name, up);
  }
}

/** Says `start` to a component whose process runs now, and how its providers are. */
export function greet(turn: Turn, name: string): void {
  turn.effects.push({ kind: "greet", component: name, incarnation: recordOf(turn, name).incarnation });
  for (const { provider, name: channel } of planOf(turn, name).uses) {
    tellPeer(turn, name, channel, provider, recordOf(turn, provider).phase.kind === "ready");
  }
}

function tellPeer(turn: Turn, client: string, channel: string, provider: string, up: boolean): void {
  const { incarnation } = recordOf(turn, client);
  const peerIncarnation = recordOf(turn, provider).incarnation;
  turn.effects.push({ kind: "tell-peer", component: client, incarnation, name: channel, up, peerIncarnation });
}

// Before its sandbox runs it hears nothing (and everything right after `start`); who leaves needs no news any more.
function listens({ phase }: ComponentRecord): boolean {
  return phase.kind === "ready" || (phase.kind === "starting" && phase.spawned);
}
