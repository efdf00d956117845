/**
 * Where to look for a gateway that is known by name, and when to ask for it. Pure. Only a handshake says that an address is the
 * gateway's: it takes the gateway's key. So a tunnel that stands is left alone, whatever the resolvers say; where none stands, what they
 * say last and where the tunnel stood before are tried in turn, and a resolver that lies costs time and nothing else.
 */
import { type Answer, maxAnswers } from "@bulkhead/protocol";

/** WireGuard tries each 5 s (whitepaper, section 6.1): two tries and the way there and back. */
export const tryMs = 12_000;
/** An answer is as good for as long as it says, but no longer than a moved gateway should be missed, and no shorter than a resolver likes. */
export const answerLifeMs = { least: 5_000, most: 60_000 } as const;
/** After the first failure, and doubled until the last: a resolver that is in trouble is left in peace. */
export const retryMs = { first: 5_000, last: 300_000 } as const;
/** The last good address has its turn this often, however many others are named meanwhile: as after an answer of the largest size. */
export const keptTurnMs = (maxAnswers + 1) * tryMs;
/** So that a thousand boards do not ask at the same moment once the power is back. */
const jitterShare = 0.25;

export type Search = {
  /** Where the tunnel stood last. */
  readonly kept: string | null;
  /** What the resolvers said when they last said something of use. */
  readonly answer: readonly string[];
  readonly failuresInARow: number;
  readonly isAsking: boolean;
  readonly askedMs: number;
  readonly nextAskMs: number;
  readonly aim: { readonly address: string; readonly sinceMs: number } | null;
  /** Tried since the tunnel stood, in vain. */
  readonly vain: readonly string[];
  /** When `kept` was aimed at last; null: not since the tunnel stood. */
  readonly keptMs: number | null;
};

export type Step = { readonly search: Search; readonly ask: boolean; readonly aim: string | null };

export function beginSearch(kept: string | null, nowMs: number): Search {
  const asking = { failuresInARow: 0, isAsking: false, askedMs: Number.NEGATIVE_INFINITY, nextAskMs: nowMs };
  return { kept, answer: [], ...asking, aim: null, vain: [], keptMs: null };
}

/** What to do at `nowMs`; `isStanding`: the gateway was heard of lately. `aim`: another address than before. */
export function nextStep(search: Search, isStanding: boolean, nowMs: number): Step {
  if (isStanding && search.aim) return { search: rest(search, search.aim.address, nowMs), ask: false, aim: null };
  const ask = !search.isAsking && nowMs >= search.nextAskMs;
  const asking = ask ? { isAsking: true, askedMs: nowMs } : {};
  const aimed = takeAim({ ...search, ...asking }, nowMs);
  const isNew = aimed.aim !== null && aimed.aim.address !== search.aim?.address;
  return { search: aimed, ask, aim: isNew ? (aimed.aim?.address ?? null) : null };
}

// Its time begins when the tunnel no longer stands; and what resolvers said otherwise is no place to look first then.
function rest(search: Search, address: string, nowMs: number): Search {
  const answer = search.answer.includes(address) ? search.answer : [];
  return { ...search, kept: address, answer, vain: [], aim: { address, sinceMs: nowMs }, keptMs: nowMs };
}

function takeAim(before: Search, nowMs: number): Search {
  const search = { ...before, keptMs: before.aim?.address === before.kept ? nowMs : (before.keptMs ?? nowMs) };
  const { aim, answer, kept, vain } = search;
  const candidates = [...new Set([...answer, ...(kept === null ? [] : [kept])])];
  const index = aim === null ? -1 : candidates.indexOf(aim.address);
  if (aim !== null && index >= 0 && nowMs - aim.sinceMs < tryMs) return search;
  // A resolver that says something else each time would begin anew each time.
  const isKeptsTurn = kept !== null && nowMs - search.keptMs >= keptTurnMs;
  const address = isKeptsTurn ? kept : candidates[(index + 1) % candidates.length];
  if (address === undefined) return search;
  const tried = aim === null ? vain : [...new Set([...vain, aim.address])].filter((one) => candidates.includes(one));
  return { ...search, vain: tried, aim: { address, sinceMs: nowMs } };
}

/** The board has come to another network, or to its first: what failed there is no reason to wait here. */
export function hurry(search: Search, nowMs: number): Search {
  const soonMs = Math.max(nowMs, search.askedMs + retryMs.first);
  return { ...search, failuresInARow: 0, nextAskMs: Math.min(search.nextAskMs, soonMs) };
}

/** Takes what came of asking. `jitter`: 0 to 1. `answer` has only addresses that may be a gateway's. */
export function takeAnswer(search: Search, answer: Answer, jitter: number, nowMs: number): Search {
  const spread = 1 - jitterShare + 2 * jitterShare * jitter;
  if (answer.failure !== null) {
    const waitMs = Math.min(retryMs.last, retryMs.first * 2 ** Math.min(search.failuresInARow, 30));
    const failuresInARow = search.failuresInARow + 1;
    return { ...search, isAsking: false, failuresInARow, nextAskMs: nowMs + waitMs * spread };
  }
  const ttlMs = 1000 * Math.min(...answer.addresses.map(({ ttlSeconds }) => ttlSeconds));
  const lifeMs = Math.min(answerLifeMs.most, Math.max(answerLifeMs.least, ttlMs));
  const addresses = [...new Set(answer.addresses.map(({ address }) => address))];
  return { ...search, isAsking: false, failuresInARow: 0, answer: addresses, nextAskMs: nowMs + lifeMs * spread };
}
