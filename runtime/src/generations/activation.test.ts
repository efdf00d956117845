/** What becomes of a release that the verifier has endorsed, as the record stands: who is told what, and what is stopped for it. */
import { sha256 } from "@bulkhead/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { createActivation } from "./activation.ts";
import { judgeMended, noteMended } from "./mended.ts";
import { beginTrial, commit, firstRecord, type GenerationRecord, rollBack } from "./record.ts";

const [first, second, third] = [sha256("first"), sha256("second"), sha256("third")];
const facts = (releaseCounter: number) => ({ releaseCounter, securityEpoch: 0 });
const flashed = firstRecord(first, facts(1));

/** In the order in which they happen. */
let seen: unknown[];
let lines: string[];
beforeEach(() => {
  seen = [];
  lines = [];
});

/** A device with `record`, whose ledger refuses with `refusal`. */
function activationOn(record: GenerationRecord, refusal?: string) {
  const work = (what: string) => async (asked?: string | boolean) => {
    if (refusal !== undefined) throw new Error(refusal);
    seen.push([what, asked]);
  };
  return createActivation(
    { log: { line: (text: string) => lines.push(text) } } as never,
    { record: () => record, admit: work("admitted"), mend: work("mended") },
    (request) => seen.push(["posted", request]),
  );
}

const running = (isHeld = false) => ({
  ...{ number: () => 1, isHeld: () => isHeld, shown: () => [] },
  tellOutcome: (outcome: unknown) => void seen.push(["told", outcome]),
  stop: async (reason: string) => void seen.push(["stopped", reason]),
});
const told = (releaseDigest: string, outcome: string, reason: string) => ["told", { releaseDigest, outcome, reason }];

describe("[M11] what was endorsed", () => {
  test("is next where nothing speaks against it, and is told to have failed where it is not admitted", async () => {
    expect(await activationOn(flashed).activate(running(), { releaseDigest: second })).toBe("choose");
    expect(seen.splice(0)).toEqual([["admitted", second]]);
    const refusing = activationOn(flashed, "it is for another board");
    expect(await refusing.activate(running(), { releaseDigest: second })).toBe("go-on");
    expect(seen).toEqual([told(second, "rolled-back", "it is for another board")]);
    expect(lines).toEqual([`release ${second} is not activated: it is for another board`]);
  });

  test("and runs already is good at once", async () => {
    expect(await activationOn(flashed).activate(running(), { releaseDigest: first })).toBe("go-on");
    expect(seen).toEqual([told(first, "committed", "it runs already")]);
  });

  test("is awaited from when it is posted until it is dealt with, also where it waits for a trial", async () => {
    const activation = activationOn(beginTrial(flashed, second, facts(2)));
    expect(activation.isAwaited()).toBe(false);
    activation.wasPosted();
    expect(activation.isAwaited()).toBe(true);
    await activation.activate(running(), { releaseDigest: second });
    expect(activation.isAwaited()).toBe(false);
    activation.wasPosted();
    await activation.activate(running(), { releaseDigest: third });
    expect(activation.isAwaited()).toBe(true);
    activation.trialIsOver();
    expect([activation.isAwaited(), seen]).toEqual([
      true,
      [["posted", { kind: "activate", body: { releaseDigest: third } }]],
    ]);
    const committed = activationOn(flashed);
    committed.wasPosted();
    await committed.activate(running(), { releaseDigest: second });
    expect(committed.isAwaited()).toBe(false);
  });

  test("waits for the trial of another; the last of several is asked for once that is over, and once only", async () => {
    const activation = activationOn(beginTrial(flashed, second, facts(2)));
    for (const releaseDigest of [sha256("fourth"), third])
      expect(await activation.activate(running(), { releaseDigest })).toBe("go-on");
    expect(seen).toEqual([]);
    for (let times = 0; times < 2; times += 1) activation.trialIsOver();
    expect(seen).toEqual([["posted", { kind: "activate", body: { releaseDigest: third } }]]);
  });

  test("with a rollback statement is admitted with that, also when it has waited", async () => {
    const admitted: unknown[] = [];
    let record = beginTrial(flashed, third, facts(3));
    let posted: Parameters<ReturnType<typeof createActivation>["activate"]>[1] | undefined;
    const activation = createActivation(
      { log: { line: () => undefined } } as never,
      {
        record: () => record,
        admit: async (digest, { rollbackFrom } = {}) => void admitted.push([digest, rollbackFrom]),
        mend: async () => undefined,
      },
      ({ body }) => {
        posted = body;
      },
    );
    await activation.activate(running(), { releaseDigest: second, rollbackFrom: 3, again: true });
    record = flashed;
    activation.trialIsOver();
    expect(posted).toEqual({ releaseDigest: second, rollbackFrom: 3 });
    await activation.activate(running(), posted ?? { releaseDigest: first });
    expect(admitted).toEqual([[second, 3]]);
  });

  test("and is on trial has no other answer than how that ends", async () => {
    const activation = activationOn(beginTrial(flashed, second, facts(2)));
    expect(await activation.activate(running(), { releaseDigest: second, again: true })).toBe("go-on");
    activation.trialIsOver();
    expect([seen, lines]).toEqual([[], []]);
  });
});

describe("[M11] a verifier that started again and asks once more", () => {
  const failedAt = (atMs: number) => rollBack(beginTrial(flashed, second, facts(2)), "it hangs", atMs);

  test("hears how the trial ended, and it is no new attempt", async () => {
    const activation = activationOn(failedAt(Date.now()));
    expect(await activation.activate(running(), { releaseDigest: second, again: true })).toBe("go-on");
    expect([seen, lines]).toEqual([[told(second, "rolled-back", "it hangs")], []]);
  });

  test.each([
    ["its wait is over", failedAt(Date.now() - 3_600_000), true],
    ["it was never tried", flashed, true],
    ["a person asks for it, and not the verifier by itself", failedAt(Date.now()), undefined],
  ])("has it admitted, or refused with all reasons, where %s", async (_, record, again) => {
    const asked = { releaseDigest: second, ...(again && { again }) };
    expect(await activationOn(record).activate(running(), asked)).toBe("choose");
    expect(seen).toEqual([["admitted", second]]);
  });

  test("hears that it is good where it was committed before", async () => {
    const record = commit(beginTrial(flashed, second, facts(2)), facts(2));
    expect(await activationOn(record).activate(running(), { releaseDigest: second, again: true })).toBe("go-on");
    expect(seen).toEqual([told(second, "committed", "it runs already")]);
  });
});

describe("[M11] the release of a generation that is held, deployed again", () => {
  test("is mended, and then the generation is stopped, to be started as a whole", async () => {
    expect(await activationOn(flashed).activate(running(true), { releaseDigest: first })).toBe("stopped");
    expect(seen).toEqual([
      ["mended", false],
      ["stopped", "generation 1 is whole again"],
    ]);
  });

  test("is mended for a verifier that asks once more, but where it was and is held all the same: then that is the answer", async () => {
    const again = { releaseDigest: first, again: true };
    expect(await activationOn(flashed).activate(running(true), again)).toBe("stopped");
    expect(seen.splice(0)[0]).toEqual(["mended", true]);
    const held = judgeMended(noteMended(flashed), 1, "slot b did not start");
    expect(await activationOn(held).activate(running(true), again)).toBe("go-on");
    expect(seen.splice(0)).toEqual([told(first, "rolled-back", "slot b did not start")]);
    // Whoever deploys it anew has something better.
    expect(await activationOn(held).activate(running(true), { releaseDigest: first })).toBe("stopped");
    // Another's outcome says nothing of it.
    const since = rollBack(beginTrial(held, second, facts(2)), "it hangs", 0);
    expect(await activationOn(since).activate(running(true), again)).toBe("go-on");
    expect(seen.at(-1)).toEqual(told(first, "rolled-back", "it was brought back, and is held all the same"));
  });

  test("leaves the generation held, and running, where it cannot be mended, and says why", async () => {
    const activation = activationOn(flashed, "the artifact is no better");
    expect(await activation.activate(running(true), { releaseDigest: first })).toBe("go-on");
    expect(seen).toEqual([told(first, "rolled-back", "the artifact is no better")]);
    expect(lines).toEqual(["generation 1 stays held: the artifact is no better"]);
  });

  test("is not mended where another was endorsed: that one is tried", async () => {
    expect(await activationOn(flashed).activate(running(true), { releaseDigest: second })).toBe("choose");
    expect(seen).toEqual([["admitted", second]]);
  });
});
