/** The ways in which a component is made to leave: asked to, or killed for cause. */
import type { After } from "./state.ts";
import { move, recordOf, type Turn } from "./turn.ts";

/** Whatever it does now: `after` is what becomes of it. What runs is stopped in its turn, the rest is there already. */
export function condemn(turn: Turn, name: string, after: After, reason: string): void {
  const { phase } = recordOf(turn, name);
  if (phase.kind === "starting" || phase.kind === "ready") {
    move(turn, name, { kind: "stopping", stage: "queued", after, reason });
  } else if (phase.kind === "stopping") {
    // Not by `move`: the deadline of the stop that is under way stays.
    turn.components[name] = { ...recordOf(turn, name), phase: { ...phase, after } };
  } else if (phase.kind !== "failed") {
    if (after.kind === "stop") move(turn, name, { kind: "stopped" });
    if (after.kind === "hold") move(turn, name, { kind: "held" });
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
