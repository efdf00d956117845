/** What a verifier that has just started is told, as the record stands. */
import { sha256 } from "@bulkhead/protocol";
import { expect, test } from "vitest";
import { judgeMended, noteMended } from "./mended.ts";
import { outcomeAtGreeting } from "./outcome-at-greeting.ts";
import { beginTrial, commit, firstRecord, putOff, rollBack } from "./record.ts";

const [first, second] = [sha256("first"), sha256("second")];
const facts = (releaseCounter: number) => ({ releaseCounter, securityEpoch: 0 });
const flashed = firstRecord(first, facts(1));
const tried = beginTrial(flashed, second, facts(2));
const [committed, failed] = [commit(tried, facts(2)), rollBack(tried, "it hangs", 0)];
const [now, later] = [1000, 3_600_000];

test("[M11] a verifier that starts hears what became of the last release", () => {
  expect(outcomeAtGreeting(flashed, false, now)).toBeNull();
  expect(outcomeAtGreeting(committed, false, now)).toMatchObject({ releaseDigest: second, outcome: "committed" });
  expect(outcomeAtGreeting(failed, false, now)).toMatchObject({ releaseDigest: second, outcome: "rolled-back" });
  // Also of another than the one that is held.
  expect(outcomeAtGreeting(failed, true, now)).toMatchObject({ releaseDigest: second, outcome: "rolled-back" });
});

test("[M11] that the release of a held generation was committed once is no answer to whoever brings it again; how it was mended is", () => {
  expect(outcomeAtGreeting(committed, true, now)).toBeNull();
  const mended = noteMended(committed);
  expect(outcomeAtGreeting(mended, true, now)).toBeNull();
  expect(outcomeAtGreeting(judgeMended(mended, 2), false, now)).toMatchObject({ outcome: "committed" });
  const held = judgeMended(mended, 2, "slot b did not start");
  expect(outcomeAtGreeting(held, true, now)).toMatchObject({ outcome: "rolled-back", reason: "slot b did not start" });
});

test("[M11] that a release failed is no answer once it can be tried again; that it was put off is one", () => {
  expect(outcomeAtGreeting(failed, false, later)).toBeNull();
  const off = putOff(beginTrial(failed, second, facts(2)), "the disk is full");
  expect(outcomeAtGreeting(off, false, later)).toMatchObject({ outcome: "rolled-back", reason: "the disk is full" });
});
