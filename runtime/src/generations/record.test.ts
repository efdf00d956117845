import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  assignUids,
  beginTrial,
  chooseGeneration,
  commit,
  dateAnew,
  fallBack,
  firstRecord,
  type GenerationRecord,
  keptDigests,
  recordSchema,
  rollBack,
  whyBad,
  whyNotYet,
} from "./record.ts";

const digestOf = (n: number) => n.toString(16).padStart(64, "0");
const facts = (releaseCounter: number) => ({ releaseCounter, securityEpoch: 0 });
const first = () => firstRecord(digestOf(1), facts(1));

describe("the record of generations", () => {
  test("[K2] a trial that is committed makes the current one the previous one and raises the floor", () => {
    const record = commit(beginTrial(first(), digestOf(2), facts(5)), facts(5));
    expect(record).toMatchObject({
      current: { digest: digestOf(2), generation: 2 },
      previous: { digest: digestOf(1), generation: 1 },
      trying: null,
      releaseCounterFloor: 5,
      lastOutcome: { outcome: "committed" },
    });
  });

  test("[M11] a release before the current one, by counter, leaves no way up to it again; beside it, it does", () => {
    const newer = commit(beginTrial(first(), digestOf(2), facts(5)), facts(5));
    const back = commit(beginTrial(newer, digestOf(3), facts(4)), facts(4));
    expect(back).toMatchObject({ current: { digest: digestOf(3) }, previous: null, releaseCounterFloor: 5 });
    const beside = commit(beginTrial(back, digestOf(4), facts(4)), facts(4));
    expect(beside).toMatchObject({ current: { digest: digestOf(4) }, previous: { digest: digestOf(3) } });
  });

  test("[M11] what is pinned stays kept until another that says so is committed, or the security epoch rises above it", () => {
    const pinned = { system: { update: { pinned: true as const } } };
    const flashed = firstRecord(digestOf(1), { ...facts(1), ...pinned });
    let record = flashed;
    for (const n of [2, 3, 4]) {
      record = commit(beginTrial(record, digestOf(n), facts(n)), facts(n));
      recordSchema.parse(record);
      expect(keptDigests(record)).toEqual([digestOf(n), ...(n === 2 ? [] : [digestOf(n - 1)]), digestOf(1)]);
    }
    const failed = rollBack(beginTrial(record, digestOf(5), { ...facts(5), ...pinned }), "it hangs", 0);
    expect(keptDigests(failed)).toEqual(keptDigests(record));
    const another = commit(beginTrial(record, digestOf(5), facts(5)), { ...facts(5), ...pinned });
    expect(keptDigests(another)).toEqual([digestOf(5), digestOf(4)]);
    expect(another.pinned).toEqual({ digest: digestOf(5), securityEpoch: 0 });
    const risen = { releaseCounter: 5, securityEpoch: 1 };
    expect(keptDigests(commit(beginTrial(record, digestOf(5), risen), risen))).toEqual([digestOf(5), digestOf(4)]);
    expect(keptDigests(firstRecord(digestOf(1), facts(1)))).toEqual([digestOf(1)]);
  });

  test("[M11] a release that is given up, or that a statement leads away from, is not pinned any more", () => {
    const pinned = { system: { update: { pinned: true as const } } };
    const record = commit(beginTrial(first(), digestOf(5), facts(5)), { ...facts(5), ...pinned });
    expect(fallBack(record, "damaged", 0)?.pinned).toBeUndefined();
    expect(commit(beginTrial(record, digestOf(4), facts(4)), facts(4)).pinned).toBeUndefined();
    const later = commit(beginTrial(record, digestOf(6), facts(6)), facts(6));
    expect(fallBack(later, "damaged", 0)?.pinned?.digest).toBe(digestOf(5));
    expect(commit(beginTrial(later, digestOf(4), facts(4)), facts(4)).pinned?.digest).toBe(digestOf(5));
  });

  test("[K2] three starts that end in nothing are enough: the fourth starts the current generation", () => {
    let record = beginTrial(first(), digestOf(2), facts(2));
    const runs: [number, boolean][] = [];
    for (let start = 0; start < 4; start++) {
      const choice = chooseGeneration(record, 0);
      record = choice.record;
      runs.push([choice.run.generation, choice.onTrial]);
    }
    expect(runs).toEqual([
      [2, true],
      [2, true],
      [2, true],
      [1, false],
    ]);
    expect(whyBad(record, digestOf(2))).toMatch(/ended during each of its 3 first starts/);
  });

  test("a damaged current release falls back to the previous one, and to nothing where there is none", () => {
    const committed = commit(beginTrial(first(), digestOf(2), facts(2)), facts(2));
    expect(fallBack(committed, "damaged", 0)).toMatchObject({ current: { generation: 1 }, previous: null });
    expect(fallBack(first(), "damaged", 0)).toBeNull();
  });

  test("[K2] a release that failed is refused for ten minutes, an hour, six, and a day each time from then on, by any clock", () => {
    const [minute, hour] = [60_000, 3_600_000];
    let record = first();
    let nowMs = 1_000_000_000_000;
    for (const waitMs of [10 * minute, hour, 6 * hour, 24 * hour, 24 * hour]) {
      record = rollBack(beginTrial(record, digestOf(2), facts(2)), "it hangs", nowMs);
      recordSchema.parse(record);
      expect(whyNotYet(record, digestOf(3), nowMs)).toBeUndefined();
      for (const atMs of [0, nowMs, nowMs + waitMs - 1])
        expect(whyNotYet(record, digestOf(2), atMs)).toMatch(/it hangs/);
      nowMs += waitMs;
      expect(whyNotYet(record, digestOf(2), nowMs)).toBeUndefined();
    }
    expect(record.bad).toHaveLength(4);
  });

  test("[K2] a failure noted under a clock that was ahead is a wait from when that is seen, as long as any, and no longer", () => {
    const [minute, nowMs] = [60_000, 1_000_000_000_000];
    const ahead = rollBack(beginTrial(first(), digestOf(2), facts(2)), "it hangs", nowMs + 50 * 365 * 24 * 60 * minute);
    const dated = dateAnew(ahead, nowMs);
    recordSchema.parse(dated);
    expect(whyNotYet(dated, digestOf(2), nowMs)).toMatch(/it hangs/);
    // Who asks again and again does not make it longer.
    const later = dateAnew(dated, nowMs + 9 * minute);
    expect(later).toBe(dated);
    expect(whyNotYet(later, digestOf(2), nowMs + 10 * minute)).toBeUndefined();
    expect(dateAnew(first(), 0)).toEqual(first());
  });

  test("a component keeps its uid number for ever and no two have the same", () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.stringMatching(/^[a-z]{1,4}$/))), (generations) => {
        let record = first();
        for (const names of generations) {
          const next = assignUids(record, names);
          expect(next.uidNumbers).toMatchObject(record.uidNumbers);
          record = next;
        }
        const numbers = Object.values(record.uidNumbers);
        expect(new Set(numbers).size).toBe(numbers.length);
      }),
    );
  });

  test("[K2] whatever happens: floors never fall, generations are never used twice, there is always one to start", () => {
    const steps: ((record: GenerationRecord, n: number) => GenerationRecord)[] = [
      (record, n) => (record.trying ? record : beginTrial(record, digestOf(n), facts(n))),
      (record) => commit(record, facts(record.trying?.releaseCounter ?? 1)),
      (record, n) => rollBack(record, "because".repeat(n * 20), n),
      (record, n) => fallBack(record, "damaged", n) ?? record,
      (record, n) => chooseGeneration(record, n).record,
    ];
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(4), fc.integer({ min: 1, max: 40 })), { maxLength: 60 }), (moments) => {
        let record = first();
        for (const [step, n] of moments) {
          const next = steps[step]?.(record, n) ?? record;
          recordSchema.parse(next);
          expect(next.releaseCounterFloor).toBeGreaterThanOrEqual(record.releaseCounterFloor);
          expect(next.lastGeneration).toBeGreaterThanOrEqual(record.lastGeneration);
          const { run } = chooseGeneration(next, 0);
          expect(keptDigests(next)).toContain(run.digest);
          if (next.trying && !record.trying) expect(next.trying.generation).toBe(record.lastGeneration + 1);
          record = next;
        }
      }),
    );
  });
});
