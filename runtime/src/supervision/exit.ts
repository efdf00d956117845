/** A component's process has gone: what becomes of it then. */
import type { Exit } from "./event.ts";
import { climb } from "./ladder.ts";
import { isEssential } from "./plan.ts";
import { judgeCrash } from "./restart-policy.ts";
import type { After } from "./state.ts";
import { move, note, planOf, recordOf, report, type Turn } from "./turn.ts";
import { durationInWords, exitInWords } from "./words.ts";

/** Its process has gone. `jitter` is random in [0, 1). */
export function exited(turn: Turn, name: string, exit: Exit, jitter: number): void {
  const { phase, lastWord } = recordOf(turn, name);
  if (phase.kind === "starting" || phase.kind === "ready") {
    const readyForMs = phase.kind === "ready" ? turn.nowMs - phase.sinceMs : 0;
    const clean = exit.code === 0 && exit.failure === undefined;
    crashed(turn, name, `${name} ${exitInWords(exit, lastWord)}`, { clean, jitter, readyForMs, exit });
  } else if (phase.kind === "stopping") {
    becomeWhatFollows(turn, name, phase.after, exit, jitter);
  }
}

function becomeWhatFollows(turn: Turn, name: string, after: After, exit: Exit, jitter: number): void {
  switch (after.kind) {
    case "restart":
      move(turn, name, { kind: "waiting" });
      break;
    case "stop":
      move(turn, name, { kind: "stopped" });
      break;
    case "hold":
      move(turn, name, { kind: "held" });
      break;
    case "fail":
      move(turn, name, { kind: "failed", because: after.because });
      break;
    case "crash":
      crashed(turn, name, after.reason, { clean: false, jitter, readyForMs: after.readyForMs, exit });
      break;
  }
}

type HowItCrashed = {
  readonly clean: boolean;
  readonly jitter: number;
  readonly readyForMs: number;
  readonly exit: Exit;
};

function crashed(turn: Turn, name: string, reason: string, how: HowItCrashed): void {
  const { restart: policy } = planOf(turn, name);
  const verdict = judgeCrash(policy, recordOf(turn, name), { nowMs: turn.nowMs, ...how });
  const { incarnation } = recordOf(turn, name);
  turn.effects.push({ kind: "crashed", component: name, incarnation, reason, exit: how.exit });
  note(turn, name, { lastReason: reason });
  if (verdict.kind === "leave") {
    report(turn, name, `${reason}; as its restart policy is ${policy.policy}, it stays stopped`);
    move(turn, name, { kind: "stopped" });
  } else if (policy.hold || (how.exit.needsPerson === true && !isEssential(planOf(turn, name)))) {
    report(turn, name, `${reason}; it is held until a person restarts it`);
    move(turn, name, { kind: "held" });
  } else if (verdict.kind === "give-up") {
    giveUp(turn, name, `${reason}; it is given up after ${verdict.reason}`);
  } else {
    note(turn, name, { crashesMs: verdict.crashesMs, backoffStep: verdict.backoffStep });
    startAgain(turn, name, reason, verdict.delayMs);
  }
}

function startAgain(turn: Turn, name: string, reason: string, delayMs: number): void {
  note(turn, name, { spareDelayMs: delayMs });
  if (recordOf(turn, name).spare.kind === "standing-by") {
    report(turn, name, `${reason}; its spare takes over`);
    move(turn, name, { kind: "waiting" });
  } else {
    report(turn, name, `${reason}; it is restarted in ${durationInWords(delayMs)}`);
    move(turn, name, { kind: "backing-off" }, delayMs);
  }
}

// The group of its strong dependents needs no rule here: nobody runs or waits behind a provider that failed.
function giveUp(turn: Turn, name: string, reason: string): void {
  note(turn, name, { lastReason: reason });
  report(turn, name, reason);
  move(turn, name, { kind: "failed", because: name });
  climb(turn, name, reason);
}
