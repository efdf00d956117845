/**
 * What a verifier that has just started is told of the last release. It may have endorsed that release once more since, and asks about that one by itself: so only what
 * is true of it in any case. Where its answer is still to be found it is told nothing, or it would forget what it was endorsed for.
 */
import { type GenerationRecord, whyBad, whyNotYet } from "./record.ts";

/** `isHeld`: of the current generation only core servers and the agent run. */
export function outcomeAtGreeting(
  record: GenerationRecord,
  isHeld: boolean,
  nowMs: number,
): GenerationRecord["lastOutcome"] {
  const { current, lastOutcome } = record;
  if (lastOutcome === null) return null;
  const { releaseDigest, outcome, reason } = lastOutcome;
  // It was good, and is to be mended.
  if (outcome === "committed") return isHeld && releaseDigest === current.digest ? null : lastOutcome;
  // It may be tried again.
  const isOver = whyBad(record, releaseDigest) === reason && whyNotYet(record, releaseDigest, nowMs) === undefined;
  return isOver ? null : lastOutcome;
}
