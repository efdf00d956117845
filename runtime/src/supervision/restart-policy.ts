/** Whether and when a component that crashed is started again. */
import type { Component } from "@bulkhead/protocol";
import { durationInWords } from "./words.ts";

type Restart = Component["restart"];

export type Crash = {
  readonly nowMs: number;
  /** Random in [0, 1). */
  readonly jitter: number;
  /** Exit by itself with code 0. */
  readonly clean: boolean;
  /** How long it had been ready; 0 where it never was. */
  readonly readyForMs: number;
};

export type Verdict =
  | { readonly kind: "leave" }
  | { readonly kind: "give-up"; readonly reason: string }
  | { readonly kind: "retry"; readonly delayMs: number; readonly backoffStep: number; readonly crashesMs: number[] };

/**
 * Judges one crash. permanent: always again; transient: again unless it ended cleanly; temporary: never. More than
 * `intensity` restarts within a sliding `periodMs` are too many (Erlang/OTP `supervisor`, `add_restart/3`).
 */
export function judgeCrash(
  restart: Restart,
  history: { readonly crashesMs: readonly number[]; readonly backoffStep: number },
  crash: Crash,
): Verdict {
  if (restart.policy === "temporary" || (restart.policy === "transient" && crash.clean)) return { kind: "leave" };
  const recent = history.crashesMs.filter((atMs) => atMs > crash.nowMs - restart.periodMs);
  if (recent.length >= restart.intensity) {
    return {
      kind: "give-up",
      reason: `more than ${restart.intensity} restarts within ${durationInWords(restart.periodMs)}`,
    };
  }
  const step = hasProvedItself(restart, crash) ? 0 : history.backoffStep;
  return {
    kind: "retry",
    delayMs: backoffDelay(restart.backoff, step, crash.jitter),
    backoffStep: step + 1,
    crashesMs: [...recent, crash.nowMs],
  };
}

// "Ready for a while" is longer than the longest delay: a shorter while would let a component that crashes slower than
// its first delays never reach the longer ones.
function hasProvedItself(restart: Restart, crash: Crash): boolean {
  return crash.readyForMs > restart.backoff.maxMs;
}

/**
 * Milliseconds before restart number `step` (from 0): initial × factor^step, at most maxMs, of which half is fixed and
 * half is random, so that components which fell together do not come back together.
 */
export function backoffDelay(backoff: Restart["backoff"], step: number, jitter: number): number {
  const full = Math.min(backoff.maxMs, backoff.initialMs * (backoff.factorPercent / 100) ** step);
  return Math.round(full * (0.5 + jitter / 2));
}
