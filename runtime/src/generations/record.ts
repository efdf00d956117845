/** The record of what is installed, and its pure transitions. Every one is written to the disk before it is acted upon. */
import { coreImages, digestSchema, nameSchema, timeMsSchema } from "@bulkhead/protocol";
import { z } from "zod";

export const recordFormat = 1;
/** A power cut or two during the first start must not cost a good release (balena-supervisor, issue 2301). */
export const triesOfGeneration = 3;
/** Enough to answer "why is this release not running"; older ones are forgotten. */
const maxBad = 32;
/**
 * How long a release that failed is refused after the first, second, … time: whoever deploys it again at once would have a device that
 * tries it for ever; whoever does so when what was wrong outside of it is mended (a network, a full disk) needs no other release.
 */
const waitsMs = [600_000, 3_600_000, 21_600_000, 86_400_000];

const neededBaseSchema = z.object({
  digest: digestSchema,
  /** Its release names it, and it runs on no other; else it was put in charge on it, and prefers it. */
  named: z.boolean(),
});
export type NeededBase = z.infer<typeof neededBaseSchema>;

// Not strict, here and below: the base system in the other slot reads it as well, and may be older.
const installedSchema = z.object({
  digest: digestSchema,
  /** +1 for each system that is put in charge; never used twice. */
  generation: z.number().int().positive(),
  releaseCounter: z.number().int().positive(),
  /** Absent on a board without slots, and until it has run on one. */
  base: neededBaseSchema.optional(),
});
export type Installed = z.infer<typeof installedSchema>;

const badSchema = z.object({ digest: digestSchema, reason: z.string().max(2000), atMs: timeMsSchema });

export const recordSchema = z.object({
  format: z.literal(recordFormat),
  current: installedSchema,
  previous: installedSchema.nullable(),
  /** A generation on trial; `triesLeft` is counted down before each start. */
  trying: installedSchema.extend({ triesLeft: z.number().int().min(0).max(triesOfGeneration) }).nullable(),
  lastGeneration: z.number().int().positive(),
  /** No release below it is ever activated again without a statement of the release key. */
  releaseCounterFloor: z.number().int().nonnegative(),
  securityEpochFloor: z.number().int().nonnegative(),
  /** An entry for each time that a release failed. */
  bad: z.array(badSchema).max(maxBad),
  /** What became of the last release that was to be activated. */
  lastOutcome: z
    .object({
      releaseDigest: digestSchema,
      outcome: z.enum(["committed", "rolled-back"]),
      reason: z.string().max(2000),
    })
    .nullable(),
  /** Component name → number above the device's first uid; kept for ever, so that what a component stored stays its own. */
  uidNumbers: z.record(nameSchema, z.number().int().nonnegative()),
  /** The base systems that the slots hold, whole. */
  holds: z.object({ a: digestSchema.optional(), b: digestSchema.optional() }).optional(),
  /** A slot that was given its tries, for this base system. */
  armed: z.object({ slot: z.enum(["a", "b"]), digest: digestSchema }).optional(),
  /** What stays installed, whatever runs. It is never started for that: the way back to it is a release like any other. */
  pinned: z.object({ digest: digestSchema, securityEpoch: z.number().int().nonnegative() }).optional(),
  /** How often the board was started again for another slot since a generation was in charge. */
  restarts: z.number().int().positive().optional(),
  /** The generation that was brought back from what was endorsed, and was not chosen whole since. */
  mended: z.number().int().positive().optional(),
});
export type GenerationRecord = z.infer<typeof recordSchema>;

/**
 * A new device numbers its core servers as the table of images does, so that whoever makes the keys of a device knows the
 * key store's uid before the device has started.
 */
export const firstUidNumbers: Readonly<Record<string, number>> = Object.fromEntries(
  Object.keys(coreImages).map((name, index) => [name, index]),
);

type ReleaseFacts = {
  readonly releaseCounter: number;
  readonly securityEpoch: number;
  readonly system?: { readonly update?: { readonly pinned?: true | undefined } | undefined };
};

/** The record of a device that was just flashed. */
export function firstRecord(digest: string, release: ReleaseFacts): GenerationRecord {
  return {
    format: recordFormat,
    current: { digest, generation: 1, releaseCounter: release.releaseCounter },
    previous: null,
    trying: null,
    lastGeneration: 1,
    releaseCounterFloor: release.releaseCounter,
    securityEpochFloor: release.securityEpoch,
    bad: [],
    lastOutcome: null,
    uidNumbers: firstUidNumbers,
    ...(release.system?.update?.pinned && { pinned: { digest, securityEpoch: release.securityEpoch } }),
  };
}

/** Puts an installed release on trial. */
export function beginTrial(
  record: GenerationRecord,
  digest: string,
  release: ReleaseFacts,
  base?: NeededBase,
): GenerationRecord {
  const generation = record.lastGeneration + 1;
  const trying = {
    ...{ digest, generation, releaseCounter: release.releaseCounter, triesLeft: triesOfGeneration },
    ...(base && { base }),
  };
  return { ...record, trying, lastGeneration: generation };
}

export type Choice =
  /** Start this one after `record` was written. */
  { readonly record: GenerationRecord; readonly run: Installed; readonly onTrial: boolean };

/** What to start now. Takes one try of a generation on trial, or gives it up where none is left. */
export function chooseGeneration(record: GenerationRecord, nowMs: number): Choice {
  const { trying } = record;
  if (!trying) return { record, run: record.current, onTrial: false };
  if (trying.triesLeft === 0) {
    const reason = `the runtime ended during each of its ${triesOfGeneration} first starts`;
    return chooseGeneration(rollBack(record, reason, nowMs), nowMs);
  }
  return {
    record: { ...record, trying: { ...trying, triesLeft: trying.triesLeft - 1 } },
    run: trying,
    onTrial: true,
  };
}

/** The generation on trial is good. Floors rise in the same write: there is no moment between. */
export function commit(record: GenerationRecord, release: ReleaseFacts): GenerationRecord {
  const { trying, current } = record;
  if (!trying) return record;
  const { triesLeft: _, ...installed } = trying;
  return {
    ...record,
    pinned: pinnedAfter(record, trying, release),
    current: installed,
    previous: isWayBack(installed, current) ? null : current,
    trying: null,
    releaseCounterFloor: Math.max(record.releaseCounterFloor, release.releaseCounter),
    securityEpochFloor: Math.max(record.securityEpochFloor, release.securityEpoch),
    lastOutcome: { releaseDigest: trying.digest, outcome: "committed", reason: "every permanent component is ready" },
  };
}

/**
 * What is pinned once `next` is committed: itself where its release says so, else what was. One of an earlier security epoch is not any more, for
 * nothing brings it back, nor is one that a rollback statement leads away from.
 */
export function pinnedAfter(
  { pinned, current }: Pick<GenerationRecord, "pinned" | "current">,
  next: Pick<Installed, "digest" | "releaseCounter">,
  { securityEpoch, system }: ReleaseFacts,
): GenerationRecord["pinned"] {
  if (system?.update?.pinned) return { digest: next.digest, securityEpoch };
  const isLeft = pinned?.digest === current.digest && isWayBack(next, current);
  return pinned && !isLeft && pinned.securityEpoch >= securityEpoch ? pinned : undefined;
}

/** By a rollback statement: what it leads away from is no way up again, neither for the ladder nor where the next one is damaged. */
const isWayBack = (next: Pick<Installed, "releaseCounter">, current: Installed): boolean =>
  next.releaseCounter < current.releaseCounter;

/** The generation on trial is bad: the current one goes on. */
export function rollBack(record: GenerationRecord, why: string, nowMs: number): GenerationRecord {
  const { trying } = record;
  return trying ? condemn(putOff(record, why), trying.digest, why.slice(0, 2000), nowMs) : record;
}

/** The generation on trial is not tried now, for a reason that is not its own: it may be deployed again. */
export function putOff(record: GenerationRecord, why: string): GenerationRecord {
  const { trying } = record;
  if (!trying) return record;
  const reason = why.slice(0, 2000);
  return { ...record, trying: null, lastOutcome: { releaseDigest: trying.digest, outcome: "rolled-back", reason } };
}

/** The current release is damaged on the disk: the previous one takes its place. null where there is none. */
export function fallBack(record: GenerationRecord, why: string, nowMs: number): GenerationRecord | null {
  const { current, previous } = record;
  if (!previous) return null;
  const reason = why.slice(0, 2000);
  return {
    ...condemn(record, current.digest, reason, nowMs),
    pinned: record.pinned?.digest === current.digest ? undefined : record.pinned,
    current: previous,
    previous: null,
    trying: null,
    lastOutcome: { releaseDigest: current.digest, outcome: "rolled-back", reason },
  };
}

/** Why this release failed when it was last activated, or undefined. */
export function whyBad(record: GenerationRecord, digest: string): string | undefined {
  return record.bad.findLast((entry) => entry.digest === digest)?.reason;
}

/**
 * Failures that were noted under a clock that was ahead, dated anew to now: the wait begins again, and ends. The same record where there are
 * none. Only for when somebody asks for a release: a board that has just started may have a clock that is behind.
 */
export function dateAnew(record: GenerationRecord, nowMs: number): GenerationRecord {
  if (record.bad.every(({ atMs }) => atMs <= nowMs)) return record;
  return { ...record, bad: record.bad.map((entry) => ({ ...entry, atMs: Math.min(entry.atMs, nowMs) })) };
}

/** Why this release must not be activated now, or undefined. A clock that was set back makes that longer, never shorter. */
export function whyNotYet(record: GenerationRecord, digest: string, nowMs: number): string | undefined {
  const failures = record.bad.filter((entry) => entry.digest === digest);
  const last = failures.at(-1);
  if (!last) return undefined;
  const againMs = last.atMs + (waitsMs[Math.min(failures.length, waitsMs.length) - 1] ?? 0);
  if (nowMs >= againMs) return undefined;
  return `it was tried before: ${last.reason}; it can be tried again from ${new Date(againMs).toISOString()}`;
}

/** Digests that have to stay on the disk. */
export function keptDigests({ current, previous, trying, pinned }: GenerationRecord): string[] {
  const digests = [current, previous, trying, pinned].flatMap((kept) => (kept ? [kept.digest] : []));
  return [...new Set(digests)];
}

/** The record with a number for each name; known names keep theirs. The same record where all are known. */
export function assignUids(record: GenerationRecord, names: readonly string[]): GenerationRecord {
  if (names.every((name) => Object.hasOwn(record.uidNumbers, name))) return record;
  const numbers = { ...record.uidNumbers };
  let next = Math.max(-1, ...Object.values(numbers)) + 1;
  for (const name of names) numbers[name] ??= next++;
  return { ...record, uidNumbers: numbers };
}

function condemn(record: GenerationRecord, digest: string, reason: string, atMs: number): GenerationRecord {
  const others = record.bad.filter((entry) => entry.digest !== digest);
  const same = record.bad.filter((entry) => entry.digest === digest).slice(1 - waitsMs.length);
  return { ...record, bad: [...others, ...same, { digest, reason, atMs }].slice(-maxBad) };
}
