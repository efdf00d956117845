import type { Answer } from "@bulkhead/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  answerLifeMs,
  beginSearch,
  hurry,
  keptTurnMs,
  nextStep,
  retryMs,
  type Search,
  takeAnswer,
  tryMs,
} from "./search.ts";

const answerOf = (addresses: string[], ttlSeconds = 60): Answer => {
  return { addresses: addresses.map((address) => ({ address, ttlSeconds })), failure: null };
};
const failure: Answer = { addresses: [], failure: "no resolver answered" };
const middle = 0.5;

/** Each aim that is taken from `fromMs` on, one look a second. */
function aims(search: Search, fromMs: number, untilMs: number): { aims: string[]; search: Search } {
  const seen: string[] = [];
  let now = search;
  for (let nowMs = fromMs; nowMs <= untilMs; nowMs += 1000) {
    const step = nextStep(now, false, nowMs);
    if (step.aim) seen.push(step.aim);
    now = step.search;
  }
  return { aims: seen, search: now };
}

test("[K13] where the tunnel stood before is tried at once, without waiting for a resolver, which is asked as well", () => {
  expect(nextStep(beginSearch("192.0.2.1", 0), false, 0)).toMatchObject({ ask: true, aim: "192.0.2.1" });
  expect(nextStep(beginSearch(null, 0), false, 0)).toMatchObject({ ask: true, aim: null });
});

test("[K13] a new device goes where the resolvers say", () => {
  const { search } = nextStep(beginSearch(null, 0), false, 0);
  expect(nextStep(takeAnswer(search, answerOf(["192.0.2.7"]), middle, 50), false, 50)).toMatchObject({
    ask: false,
    aim: "192.0.2.7",
  });
});

test("[K13] a tunnel that stands is left where it is, whatever the resolvers say, and nobody is asked", () => {
  const begun = nextStep(beginSearch("192.0.2.1", 0), false, 0).search;
  const told = takeAnswer(begun, answerOf(["192.0.2.66"]), middle, 10);
  expect(nextStep(told, true, 999_999)).toMatchObject({ ask: false, aim: null, search: { kept: "192.0.2.1" } });
});

test("[K13] the name is asked for again when the tunnel no longer stands, and the new address is tried", () => {
  const stood = nextStep(nextStep(beginSearch("192.0.2.1", 0), false, 0).search, true, 1000).search;
  const lost = nextStep({ ...stood, isAsking: false }, false, 200_000);
  expect(lost).toMatchObject({ ask: true, aim: null });
  const told = takeAnswer(lost.search, answerOf(["192.0.2.2"]), middle, 200_010);
  expect(aims(told, 200_010, 200_010 + tryMs).aims).toEqual(["192.0.2.2"]);
});

test("[K13] what was said while the tunnel stood elsewhere is forgotten, and not tried before the name is asked for again", () => {
  const begun = nextStep(beginSearch("192.0.2.1", 0), false, 0).search;
  const stood = nextStep(takeAnswer(begun, answerOf(["192.0.2.66"]), middle, 10), true, 1000).search;
  expect(aims(stood, 100_000, 100_000 + 3 * tryMs).aims).toEqual([]);
});

test("[K13] a lie and the last good address have their turns until one of them is the gateway", () => {
  const begun = nextStep(beginSearch("192.0.2.1", 0), false, 0).search;
  const told = { ...takeAnswer(begun, answerOf(["192.0.2.66"]), middle, 10), nextAskMs: Number.POSITIVE_INFINITY };
  const seen = aims(told, 1000, 4 * tryMs - 1000);
  expect(seen.aims).toEqual(["192.0.2.66", "192.0.2.1", "192.0.2.66"]);
  expect(seen.search.vain).toEqual(["192.0.2.1", "192.0.2.66"]);
});

test("[K13] a resolver that says something else each time does not keep the last good address from its turn", () => {
  let search = nextStep(beginSearch("192.0.2.1", 0), false, 0).search;
  const turns: number[] = [];
  for (let nowMs = 0; nowMs < 10 * keptTurnMs; nowMs += 1000) {
    if (search.isAsking)
      search = takeAnswer(search, answerOf([`198.51.100.${(nowMs / 1000) % 250}`], 0), middle, nowMs);
    const step = nextStep(search, false, nowMs);
    search = step.search;
    if (search.aim?.address === "192.0.2.1") turns.push(nowMs);
  }
  // From the first moment of the last minutes on: as long as a try takes, again and again.
  const late = turns.filter((atMs) => atMs >= 8 * keptTurnMs);
  expect(late.length * 1000).toBeGreaterThanOrEqual(tryMs);
});

test("[K13] an answer is used for its own time, within bounds", () => {
  const begun = beginSearch(null, 0);
  const after = (ttl: number) => takeAnswer(begun, answerOf(["192.0.2.1"], ttl), middle, 0).nextAskMs;
  expect([after(0), after(30), after(86_400)]).toEqual([answerLifeMs.least, 30_000, answerLifeMs.most]);
});

test("[K13] resolvers that fail are asked ever more seldom, and never at the same moment by all", () => {
  let search = beginSearch("192.0.2.1", 0);
  const waits = [0, 1, 2, 3, 4, 5, 6, 7].map(() => {
    search = takeAnswer(search, failure, middle, 0);
    return search.nextAskMs;
  });
  expect(waits).toEqual([5000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
  const [early, late] = [0, 1].map((jitter) => takeAnswer(beginSearch(null, 0), failure, jitter, 0).nextAskMs);
  expect([early, late]).toEqual([3750, 6250]);
});

test("[K13] a board that comes to another network does not wait out the failures of the last one", () => {
  let search = beginSearch(null, 0);
  for (const nowMs of [0, 5_000, 15_000, 35_000])
    search = takeAnswer(nextStep(search, false, nowMs).search, failure, middle, nowMs);
  expect(search.nextAskMs).toBe(75_000);
  expect(hurry(search, 36_000).nextAskMs).toBe(40_000);
  expect(hurry(search, 50_000).nextAskMs).toBe(50_000);
  expect(takeAnswer(hurry(search, 50_000), failure, middle, 50_000).nextAskMs).toBe(55_000);
});

test("[K13] whatever happens: at most one question at a time and one in 3.75 s, and no aim that nobody named", () => {
  const address = fc.constantFrom("192.0.2.1", "192.0.2.2", "2001:db8::1", "192.0.2.66");
  const happening = fc.oneof(
    fc.constant("look" as const),
    fc.constant("standing" as const),
    fc.constant("elsewhere" as const),
    fc.constant(failure),
    fc.uniqueArray(address, { minLength: 1, maxLength: 3 }).map((list) => answerOf(list, 0)),
  );
  fc.assert(
    fc.property(
      fc.option(address),
      fc.array(fc.tuple(happening, fc.integer({ min: 0, max: 20_000 }), fc.double({ min: 0, max: 1, noNaN: true })), {
        maxLength: 60,
      }),
      (kept, story) => {
        const told = story.flatMap(([what]) => (typeof what === "object" ? what.addresses : []));
        const named: readonly string[] = [...told.map((one) => one.address), ...(kept === null ? [] : [kept])];
        let life: Life = { search: beginSearch(kept, 0), nowMs: 0, askedMs: Number.NEGATIVE_INFINITY };
        for (const [what, waitMs, jitter] of story) {
          const before = life;
          const step = live({ ...life, nowMs: life.nowMs + waitMs }, what, jitter);
          life = step.life;
          if (step.aim !== null) expect(named).toContain(step.aim);
          if (!step.ask) continue;
          expect(before.search.isAsking).toBe(false);
          expect(life.nowMs - before.askedMs).toBeGreaterThanOrEqual(retryMs.first * 0.75);
        }
      },
    ),
  );
});

type Life = { search: Search; nowMs: number; askedMs: number };

function live(life: Life, what: Answer | "look" | "standing" | "elsewhere", jitter: number) {
  const { search, nowMs } = life;
  if (typeof what === "object") {
    const next = search.isAsking ? takeAnswer(search, what, jitter, nowMs) : search;
    return { life: { ...life, search: next }, ask: false, aim: null };
  }
  if (what === "elsewhere") return { life: { ...life, search: hurry(search, nowMs) }, ask: false, aim: null };
  const { search: next, ask, aim } = nextStep(search, what === "standing", nowMs);
  return { life: { search: next, nowMs, askedMs: ask ? nowMs : life.askedMs }, ask, aim };
}
