/**
 * The warm spare of a component: made when the component is ready, killed when the component is not to run, and replaced
 * with a back-off when it dies. It holds nothing, so that at no time two incarnations run.
 */
import type { Exit, SpareTimerName } from "./event.ts";
import { backoffDelay } from "./restart-policy.ts";
import type { Phase, Spare } from "./state.ts";
import { killAgainMs, note, planOf, recordOf, type Turn } from "./turn.ts";
import { durationInWords, exitInWords } from "./words.ts";

/**
 * A spare that cannot stand by must not cost more than a little of a processor, whatever the restart policy says; and one
 * that is built while another takes over would slow that down.
 */
const leastDelayMs = 1000;

/** Makes the spare that is missing, and ends the one that is not wanted. True where something changed. */
export function keepSpare(turn: Turn, name: string): boolean {
  const { spare, phase } = recordOf(turn, name);
  if (!planOf(turn, name).spare) return false;
  if (!isWanted(turn, phase)) return dismiss(turn, name);
  if (spare.kind !== "none" || phase.kind !== "ready" || turn.mode !== "running") return false;
  const id = nextId(turn, name);
  turn.effects.push({ kind: "spawn-spare", component: name, spare: id });
  moveSpare(turn, name, { kind: "building", id, spawned: false });
  return true;
}

/** Gives the component's new incarnation the process that stands by. False where none does. */
export function promoteSpare(turn: Turn, name: string, incarnation: number): boolean {
  const { spare, spareDelayMs } = recordOf(turn, name);
  if (spare.kind !== "standing-by") return false;
  turn.effects.push({ kind: "promote", component: name, spare: spare.id, incarnation });
  note(turn, name, { spareStep: 0, spareDelayMs: 0 });
  moveSpare(turn, name, { kind: "backing-off", id: spare.id }, Math.max(leastDelayMs, spareDelayMs));
  return true;
}

export function spareSpawned(turn: Turn, name: string): void {
  const { spare } = recordOf(turn, name);
  if (spare.kind === "leaving") killSpare(turn, name);
  if (spare.kind !== "building" || spare.spawned) return;
  turn.effects.push({ kind: "stand-by", component: name, spare: spare.id });
  // Not by `moveSpare`: the deadline is that of the whole way.
  note(turn, name, { spare: { ...spare, spawned: true } });
}

export function spareStandsBy(turn: Turn, name: string): void {
  const { spare } = recordOf(turn, name);
  if (spare.kind !== "building" || !spare.spawned) return;
  moveSpare(turn, name, { kind: "standing-by", id: spare.id, sinceMs: turn.nowMs });
}

export function spareMisbehaved(turn: Turn, name: string, reason: string): void {
  const { spare } = recordOf(turn, name);
  if (spare.kind !== "building" && spare.kind !== "standing-by") return;
  say(turn, name, `the spare of ${name} ${reason}`);
  killSpare(turn, name);
}

export function spareExited(turn: Turn, name: string, exit: Exit, jitter: number): void {
  const { spare, spareStep } = recordOf(turn, name);
  if (spare.kind === "leaving") moveSpare(turn, name, { kind: "none" });
  if (spare.kind !== "building" && spare.kind !== "standing-by") return;
  const { backoff } = planOf(turn, name).restart;
  const stoodLong = spare.kind === "standing-by" && turn.nowMs - spare.sinceMs > backoff.maxMs;
  const step = stoodLong ? 0 : spareStep;
  const delayMs = Math.max(leastDelayMs, backoffDelay(backoff, step, jitter));
  say(turn, name, `the spare of ${name} ${exitInWords(exit, null)}; another is made in ${durationInWords(delayMs)}`);
  note(turn, name, { spareStep: step + 1 });
  moveSpare(turn, name, { kind: "backing-off", id: spare.id }, delayMs);
}

export function spareElapsed(turn: Turn, name: string): void {
  const { spare } = recordOf(turn, name);
  if (spare.kind === "backing-off") moveSpare(turn, name, { kind: "none" });
  if (spare.kind === "leaving") killSpare(turn, name);
  if (spare.kind === "building") {
    spareMisbehaved(turn, name, `did not stand by within ${durationInWords(planOf(turn, name).readyMs)}`);
  }
}

// Through a crash and a restart it stays: that is what it is for.
function isWanted({ mode }: Turn, phase: Phase): boolean {
  if (mode === "idle" || mode === "ending") return false;
  if (phase.kind === "stopping") return phase.after.kind === "restart" || phase.after.kind === "crash";
  return phase.kind !== "stopped" && phase.kind !== "held" && phase.kind !== "failed";
}

function dismiss(turn: Turn, name: string): boolean {
  const { kind } = recordOf(turn, name).spare;
  if (kind === "none" || kind === "leaving") return false;
  if (kind === "backing-off") moveSpare(turn, name, { kind: "none" });
  else killSpare(turn, name);
  return true;
}

function killSpare(turn: Turn, name: string): void {
  const { spare } = recordOf(turn, name);
  if (spare.kind === "none") return;
  turn.effects.push({ kind: "kill-spare", component: name, spare: spare.id });
  moveSpare(turn, name, { kind: "leaving", id: spare.id });
}

function moveSpare(turn: Turn, name: string, spare: Spare, delayMs = 0): void {
  const id = spare.kind === "none" ? lastId(turn, name) : spare.id;
  note(turn, name, { spare, sparesMade: id });
  const timer = timerOf(spare, planOf(turn, name).readyMs, delayMs);
  if (timer) turn.effects.push({ kind: "arm-spare", component: name, spare: id, ...timer });
  else turn.effects.push({ kind: "disarm-spare", component: name, spare: id });
}

function timerOf({ kind }: Spare, readyMs: number, delayMs: number): { timer: SpareTimerName; afterMs: number } | null {
  switch (kind) {
    case "building":
      return { timer: "standing-by", afterMs: readyMs };
    case "leaving":
      return { timer: "spare-stop", afterMs: killAgainMs };
    case "backing-off":
      return { timer: "spare-backoff", afterMs: delayMs };
    case "none":
    case "standing-by":
      return null;
  }
}

function lastId(turn: Turn, name: string): number {
  return recordOf(turn, name).sparesMade;
}

function nextId(turn: Turn, name: string): number {
  return lastId(turn, name) + 1;
}

function say(turn: Turn, name: string, text: string): void {
  turn.effects.push({ kind: "say", component: name, spare: lastId(turn, name), text });
}
