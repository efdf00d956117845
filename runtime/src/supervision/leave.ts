/** The ways in which a component leaves: asked to, killed for cause, by itself; and what becomes of it then. */
import type { Exit } from "./event.ts";
import { judgeCrash } from "./restart-policy.ts";
import type { After } from "./state.ts";
import { move, note, planOf, recordOf, report, type Turn } from "./turn.ts";
import { durationInWords, exitInWords } from "./words.ts";

/** Whatever it does now: `after` is what becomes of it. What runs is stopped in its turn, the rest is there already. */
export function condemn(turn: Turn, name: string, after: After, reason: string): void {
  const { phase } = recordOf(turn, name);
  if (phase.kind === "starting" || phase.kind === "ready") {
    move(turn, name, { kind: "stopping", stage: "held", after, reason });
  } else if (phase.kind === "stopping") {
    // Not by `move`: the deadline of the stop that is under way stays.
    turn.components[name] = { ...recordOf(turn, name), phase: { ...phase, after } };
  } else if (phase.kind !== "failed") {
    if (after.kind === "stop") move(turn, name, { kind: "stopped" });
    if (after.kind === "fail") move(turn, name, { kind: "failed", because: after.because });
  }
}

/** SIGKILL for what it did; its restart policy decides what follows. */
export function killForCause(turn: Turn, name: string, reason: string): void {
  const { phase } = recordOf(turn, name);
  if (phase.kind === "stopping") kill(turn, name, phase.after, phase.reason);
  if (phase.kind !== "starting" && phase.kind !== "ready") return;
  const readyForMs = phase.kind === "ready" ? turn.nowMs - phase.sinceMs : 0;
  kill(turn, name, { kind: "crash", reason, readyForMs }, reason);
}

export function kill(turn: Turn, name: string, after: After, reason: string): void {
  const { incarnation } = recordOf(turn, name);
  turn.effects.push({ kind: "kill", component: name, incarnation });
  move(turn, name, { kind: "stopping", stage: "killed", after, reason });
}

/** Its process has gone. `jitter` is random in [0, 1). */
export function exited(turn: Turn, name: string, exit: Exit, jitter: number): void {
  const { phase, lastWord } = recordOf(turn, name);
  if (phase.kind === "starting" || phase.kind === "ready") {
    const readyForMs = phase.kind === "ready" ? turn.nowMs - phase.sinceMs : 0;
    const clean = exit.code === 0 && exit.failure === undefined;
    crashed(turn, name, `${name} ${exitInWords(exit, lastWord)}`, { clean, jitter, readyForMs });
  } else if (phase.kind === "stopping") {
    becomeWhatFollows(turn, name, phase.after, jitter);
  }
}

function becomeWhatFollows(turn: Turn, name: string, after: After, jitter: number): void {
  switch (after.kind) {
    case "restart":
      move(turn, name, { kind: "waiting" });
      break;
    case "stop":
      move(turn, name, { kind: "stopped" });
      break;
    case "fail":
      move(turn, name, { kind: "failed", because: after.because });
      break;
    case "crash":
      crashed(turn, name, after.reason, { clean: false, jitter, readyForMs: after.readyForMs });
      break;
  }
}

type HowItCrashed = { readonly clean: boolean; readonly jitter: number; readonly readyForMs: number };

function crashed(turn: Turn, name: string, reason: string, how: HowItCrashed): void {
  const { restart: policy } = planOf(turn, name);
  const verdict = judgeCrash(policy, recordOf(turn, name), { nowMs: turn.nowMs, ...how });
  note(turn, name, { lastReason: reason });
  if (verdict.kind === "leave") {
    report(turn, name, `${reason}; as its restart policy is ${policy.policy}, it stays stopped`);
    move(turn, name, { kind: "stopped" });
  } else if (verdict.kind === "give-up") {
    escalate(turn, name, `${reason}; it is given up after ${verdict.reason}`);
  } else {
    report(turn, name, `${reason}; it is restarted in ${durationInWords(verdict.delayMs)}`);
    note(turn, name, { crashesMs: verdict.crashesMs, backoffStep: verdict.backoffStep });
    move(turn, name, { kind: "backing-off" }, verdict.delayMs);
  }
}

// The group of its strong dependents needs no rule here: nobody runs or waits behind a provider that failed.
function escalate(turn: Turn, name: string, reason: string): void {
  const { incarnation } = recordOf(turn, name);
  const to = planOf(turn, name).restart.escalate;
  note(turn, name, { lastReason: reason });
  report(turn, name, reason);
  move(turn, name, { kind: "failed", because: name });
  turn.effects.push({ kind: "escalate", component: name, incarnation, to, reason });
  if (to === "safe-mode") enterSafeMode(turn, name);
}

// What is left is enough to look at the device, to log, and to update it.
function enterSafeMode(turn: Turn, because: string): void {
  for (const name of turn.plan.order) {
    const { role } = planOf(turn, name);
    if (name === because || role === "core" || role === "agent") continue;
    const reason = `${name} stopped because ${because} failed and put the device into safe mode`;
    note(turn, name, { lastReason: reason });
    condemn(turn, name, { kind: "fail", because }, reason);
  }
}
