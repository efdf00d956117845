/**
 * From one system to the next while some components go on: those that leave are stopped as at the end of all, then another plan is in
 * force. Between the two nothing is started, so that what is around the components can be changed.
 */
import { condemn } from "./leave.ts";
import type { SupervisionPlan } from "./plan.ts";
import { type ComponentRecord, fresh, isRunning } from "./state.ts";
import { move, report, type Turn } from "./turn.ts";

/** All but `staying` are to end. */
export function giveWay(turn: Turn, staying: readonly string[], reason: string): void {
  if (turn.mode !== "running") return;
  turn.mode = "yielding";
  turn.staying = staying;
  for (const name of turn.plan.order) if (isLeaving(turn, name)) condemn(turn, name, { kind: "stop" }, reason);
}

/** True for who has to be gone before the next plan is in force. */
export function isLeaving({ mode, staying }: Turn, name: string): boolean {
  return mode === "ending" || (mode === "yielding" && !staying.includes(name));
}

/** Puts `plan` in force: who stays and is well is as it was, all others are started. */
export function takeOver(turn: Turn, plan: SupervisionPlan, reason: string): void {
  if (turn.mode !== "yielded") return;
  const before = turn.components;
  const stays = (name: string) => turn.staying.includes(name);
  if (turn.ladder.safeMode) turn.effects.push({ kind: "unwatch-safe-mode" });
  turn.ladder = { safeMode: null, givenUp: [] };
  turn.plan = plan;
  turn.components = Object.fromEntries(
    plan.order.map((name) => [name, carryOver(before[name], stays(name), `${name} restarted: ${reason}`)]),
  );
  for (const name of plan.order) {
    if (turn.components[name] === before[name]) continue;
    if (before[name]) report(turn, name, `${name} restarted: ${reason}`);
    if (turn.components[name]?.phase.kind === "stopped") move(turn, name, { kind: "waiting" });
  }
  turn.mode = "running";
  turn.staying = [];
}

/** `stopped` is what is to be started. */
function carryOver(record: ComponentRecord | undefined, stays: boolean, lastReason: string): ComponentRecord {
  if (!record) return fresh;
  // Whoever stays knows the incarnations of its neighbours, and a word of one that has gone may still be on its way.
  const { incarnation, sparesMade, phase } = record;
  if (!stays) return { ...fresh, incarnation, sparesMade, lastReason };
  if (comesBack(record)) return record;
  // It was given up or put aside while the others ended.
  const anew = { ...record, crashesMs: [], backoffStep: 0, lastReason };
  if (phase.kind === "stopping") return { ...anew, phase: { ...phase, after: { kind: "restart" } } };
  return { ...anew, phase: { kind: "stopped" } };
}

function comesBack(record: ComponentRecord): boolean {
  const { phase } = record;
  if (phase.kind === "stopping") return phase.after.kind === "restart" || phase.after.kind === "crash";
  return isRunning(record) || phase.kind === "waiting" || phase.kind === "backing-off";
}
