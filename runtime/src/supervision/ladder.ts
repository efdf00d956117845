/**
 * The ladder: what follows when the restarts of a component are used up. Each rung reaches further than the one before:
 *
 *   group                the component and all that depend on it strongly are given up; the rest goes on
 *   safe-mode            only core servers and the agent go on, everything else is held
 *   previous-generation  what was installed before takes over
 *   reboot               the board starts again
 *
 * `restart.escalate` names the first rung; the next is taken where that one does not help within the component's restart
 * period. The last two are the root server's: here they are wished for, from within safe mode.
 */
import type { Component } from "@bulkhead/protocol";
import { condemn } from "./leave.ts";
import { isEssential } from "./plan.ts";
import { move, note, planOf, recordOf, report, type Turn } from "./turn.ts";
import { durationInWords } from "./words.ts";

export type Rung = Component["restart"]["escalate"];

/** Takes the rung that is due: `name` was given up just now, for `reason`. */
export function climb(turn: Turn, name: string, reason: string): void {
  const to = rungFor(turn, name);
  const { periodMs } = planOf(turn, name).restart;
  const { ladder, nowMs } = turn;
  const recent = ladder.givenUp.filter(({ component, atMs }) => component !== name && atMs > nowMs - periodMs);
  turn.ladder = { ...ladder, givenUp: [...recent, { component: name, atMs: nowMs }] };
  if (to !== "group" && !ladder.safeMode) enterSafeMode(turn, name, reason);
  turn.effects.push({ kind: "escalate", component: name, incarnation: recordOf(turn, name).incarnation, to, reason });
}

/** The time that safe mode had to help is over. */
export function judgeSafeMode(turn: Turn): void {
  const { safeMode } = turn.ladder;
  if (turn.mode !== "running" || !safeMode?.because) return;
  const missing = turn.plan.order.filter((name) => isMissing(turn, name));
  if (missing.length === 0) return;
  const reason = `${missing.join(", ")} not ready in safe mode, which ${safeMode.because} had caused`;
  const { because: component } = safeMode;
  const { incarnation } = recordOf(turn, component);
  turn.effects.push({ kind: "escalate", component, incarnation, to: "previous-generation", reason });
}

/** True where the device's mode keeps `name` from running. */
export function isKeptBack(turn: Turn, name: string): boolean {
  return turn.ladder.safeMode !== null && !isEssential(planOf(turn, name));
}

function rungFor(turn: Turn, name: string): Rung {
  const { escalate, periodMs } = planOf(turn, name).restart;
  // In safe mode only what it leaves running can be given up.
  if (turn.ladder.safeMode) return escalate === "reboot" ? "reboot" : "previous-generation";
  const others = turn.ladder.givenUp.filter(
    ({ component, atMs }) => component !== name && atMs > turn.nowMs - periodMs,
  );
  return escalate === "group" && others.length > 0 ? "safe-mode" : escalate;
}

function isMissing(turn: Turn, name: string): boolean {
  const component = planOf(turn, name);
  if (!isEssential(component) || component.restart.policy !== "permanent") return false;
  return recordOf(turn, name).phase.kind !== "ready";
}

/** What is left is enough to look at the device, to log, and to update it; what of that was given up is tried once more. */
function enterSafeMode(turn: Turn, because: string, reason: string): void {
  turn.ladder = { ...turn.ladder, safeMode: { because, reason } };
  for (const name of turn.plan.order) {
    if (isEssential(planOf(turn, name))) tryOnceMore(turn, name);
    else if (name !== because) putAside(turn, name, because);
  }
  const { periodMs } = planOf(turn, because).restart;
  const within = durationInWords(periodMs);
  report(turn, because, `the device is in safe mode because ${because} failed, and has ${within} to recover`);
  turn.effects.push({ kind: "watch-safe-mode", afterMs: periodMs });
}

function tryOnceMore(turn: Turn, name: string): void {
  const record = recordOf(turn, name);
  note(turn, name, { crashesMs: [], backoffStep: 0 });
  if (record.phase.kind === "failed") move(turn, name, { kind: "waiting" });
}

function putAside(turn: Turn, name: string, because: string): void {
  const { kind } = recordOf(turn, name).phase;
  if (kind === "failed" || kind === "stopped") return;
  const reason = `${name} is held because ${because} failed and put the device into safe mode`;
  note(turn, name, { lastReason: reason });
  condemn(turn, name, { kind: "hold" }, reason);
}
