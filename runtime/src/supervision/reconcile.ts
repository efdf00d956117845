/**
 * The rules that hold between components, applied after every event until nothing changes. They look at states only,
 * never at what happened, so start, restart, update and escalation are one path:
 *
 *   - who runs without all its strong providers being ready is stopped, its own dependents first;
 *   - who waits behind a provider that was given up is given up too;
 *   - who waits and has all its providers is started, in order.
 */
import { isKeptBack } from "./ladder.ts";
import { keepSpare, promoteSpare } from "./spare.ts";
import { hasSpareProcess, isRunning, type Phase } from "./state.ts";
import { isLeaving } from "./succession.ts";
import { greet, move, note, planOf, recordOf, report, type Turn } from "./turn.ts";

/** More starts at once would only make each of them late on a small board. */
export const maxStartingAtOnce = 4;

/** Brings `turn` to a state in which all rules hold. */
export function reconcile(turn: Turn): void {
  while (turn.mode !== "idle" && applyRules(turn));
}

function applyRules(turn: Turn): boolean {
  const { order } = turn.plan;
  const stopped = order.toReversed().filter((name) => stopWithoutProvider(turn, name) || askToStop(turn, name));
  const started = order.filter((name) => giveUpWithProvider(turn, name) || startWaiting(turn, name));
  const spared = order.filter((name) => keepSpare(turn, name));
  return stopped.length + started.length + spared.length > 0 || end(turn);
}

function end(turn: Turn): boolean {
  const exists = (name: string) => isRunning(recordOf(turn, name)) || hasSpareProcess(recordOf(turn, name));
  if (turn.mode !== "ending" && turn.mode !== "yielding") return false;
  if (turn.plan.order.some((name) => isLeaving(turn, name) && exists(name))) return false;
  if (turn.mode === "yielding") {
    turn.mode = "yielded";
    return true;
  }
  if (turn.ladder.safeMode) turn.effects.push({ kind: "unwatch-safe-mode" });
  turn.mode = "idle";
  return true;
}

function stopWithoutProvider(turn: Turn, name: string): boolean {
  const { phase } = recordOf(turn, name);
  if (phase.kind !== "starting" && phase.kind !== "ready") return false;
  const missing = planOf(turn, name).strongProviders.find((provider) => phaseOf(turn, provider).kind !== "ready");
  if (missing === undefined) return false;
  const reason = `${name} ${whatBecomesOfIt(phaseOf(turn, missing), missing)}`;
  note(turn, name, { lastReason: reason });
  report(turn, name, reason);
  move(turn, name, { kind: "stopping", stage: "queued", after: { kind: "restart" }, reason });
  return true;
}

function whatBecomesOfIt(phase: Phase, provider: string): string {
  if (phase.kind === "failed") return `stopped because ${provider}, on which it depends, failed`;
  if (phase.kind === "held") return `stopped because ${provider}, on which it depends, is held`;
  return `restarted because ${provider}, on which it depends, restarted`;
}

function askToStop(turn: Turn, name: string): boolean {
  const { phase, incarnation } = recordOf(turn, name);
  if (phase.kind !== "stopping" || phase.stage !== "queued" || mustOutlive(turn, name)) return false;
  const graceMs = planOf(turn, name).stopMs;
  turn.effects.push({ kind: "ask-to-stop", component: name, incarnation, graceMs, reason: phase.reason });
  move(turn, name, { ...phase, stage: "asked" });
  return true;
}

function mustOutlive(turn: Turn, name: string): boolean {
  const { strongDependents, stopLayer } = planOf(turn, name);
  const outlives = (other: string) =>
    isLeaving(turn, name) && isLeaving(turn, other) && planOf(turn, other).stopLayer < stopLayer;
  return turn.plan.order.some(
    (other) => isRunning(recordOf(turn, other)) && (strongDependents.includes(other) || outlives(other)),
  );
}

function giveUpWithProvider(turn: Turn, name: string): boolean {
  if (phaseOf(turn, name).kind !== "waiting") return false;
  for (const provider of planOf(turn, name).strongProviders) {
    const phase = phaseOf(turn, provider);
    if (phase.kind !== "failed") continue;
    const reason = `${name} is not started because ${provider}, on which it depends, failed`;
    note(turn, name, { lastReason: reason });
    report(turn, name, reason);
    move(turn, name, { kind: "failed", because: phase.because });
    return true;
  }
  return false;
}

function startWaiting(turn: Turn, name: string): boolean {
  const record = recordOf(turn, name);
  if (turn.mode !== "running" || record.phase.kind !== "waiting") return false;
  if (!planOf(turn, name).strongProviders.every((provider) => phaseOf(turn, provider).kind === "ready")) return false;
  if (isKeptBack(turn, name)) return false;
  const starting = turn.plan.order.filter((other) => phaseOf(turn, other).kind === "starting").length;
  if (starting >= maxStartingAtOnce) return false;
  const incarnation = record.incarnation + 1;
  note(turn, name, { incarnation, lastWord: null });
  if (promoteSpare(turn, name, incarnation)) {
    move(turn, name, { kind: "starting", spawned: true });
    greet(turn, name);
  } else {
    turn.effects.push({ kind: "spawn", component: name, incarnation });
    move(turn, name, { kind: "starting", spawned: false });
  }
  return true;
}

function phaseOf(turn: Turn, name: string): Phase {
  return recordOf(turn, name).phase;
}
