/**
 * A generation that was held and is brought back from what was endorsed: whether that was enough shows when it is chosen again. Pure transitions. Whoever asks what
 * became of it has his answer from the record; it is not brought back once more for that, or a board whose slot does not start would start again for ever.
 */
import type { GenerationRecord } from "./record.ts";

const whole = "what was damaged of it is whole again";

/** What was endorsed of the current generation is in its place. */
export function noteMended(record: GenerationRecord): GenerationRecord {
  const { generation, digest: releaseDigest } = record.current;
  return { ...record, mended: generation, lastOutcome: { releaseDigest, outcome: "committed", reason: whole } };
}

/** It was brought back, and is held all the same. */
export function whyStillHeld({ mended, current, lastOutcome }: GenerationRecord): string | undefined {
  if (mended !== current.generation) return undefined;
  const isIts = lastOutcome?.releaseDigest === current.digest && lastOutcome.outcome === "rolled-back";
  return isIts ? lastOutcome.reason : "it was brought back, and is held all the same";
}

/** `generation` was chosen; `held`: why of it only core servers and the agent may run. The same record where that says nothing new. */
export function judgeMended(record: GenerationRecord, generation: number, held?: string): GenerationRecord {
  const { mended, lastOutcome, ...rest } = record;
  if (mended !== generation) return record;
  const isIts = lastOutcome?.releaseDigest === record.current.digest;
  if (held === undefined) return { ...rest, lastOutcome: isIts ? outcome(record, "committed", whole) : lastOutcome };
  return isIts && lastOutcome.outcome === "committed"
    ? { ...record, lastOutcome: outcome(record, "rolled-back", held) }
    : record;
}

function outcome(
  { current }: GenerationRecord,
  outcome: "committed" | "rolled-back",
  reason: string,
): GenerationRecord["lastOutcome"] {
  return { releaseDigest: current.digest, outcome, reason: reason.slice(0, 2000) };
}
