/** A generation that is in charge keeps its base system, whatever becomes of the tries of its slot: each of these once left a device that was held. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createActivation } from "../../runtime/src/generations/index.ts";
import { commit } from "../../runtime/src/generations/record.ts";
import { writeRecord } from "../../runtime/src/generations/slots.ts";
import { flashDisk, makeBase, type Resting, startBoard, tryByHand } from "./board.ts";
import { dataOf, flash, recordIn } from "./going-on.ts";
import { type Named, withBase } from "./paths/base-system.ts";
import { makeReleases, type Releases } from "./releases.ts";

const [old, fresh] = [makeBase("old"), makeBase("fresh")];
const bases = [old, fresh];

let root: string;
let releases: Releases;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "bulkhead-in-charge-"));
  releases = await makeReleases(join(root, "made"));
  await flash(root, releases, releases.first);
  await flashDisk(root, old);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const start = () => startBoard(root, { releases, bases });

/** Two releases of one security epoch, each with its base system, committed one after the other. */
async function twoCommitted(): Promise<{ one: Named; two: Named; at: Resting }> {
  const within = { ...releases.third, release: { ...releases.third.release, securityEpoch: 0 } };
  const first = { ...releases.second, release: { ...releases.second.release, securityEpoch: 0 } };
  const [one, two] = [await withBase(releases, first, old), await withBase(releases, within, fresh)];
  let at = await start();
  for (const made of [one, two]) {
    await at.ledger.admit(made.digest);
    at = await start();
    expect(at.next).toMatchObject({ onTrial: true, run: { digest: made.digest } });
    await at.ledger.commitTrial(made.release);
  }
  expect(at.base.name).toBe("fresh");
  return { one, two, at };
}

test("[M11] what was gone back to stays on its base system over any number of starts in which it is not well", async () => {
  const { one, at } = await twoCommitted();
  expect(await at.ledger.goBack("a component crashes")).toBeNull();
  for (let starts = 0; starts < 6; starts += 1) {
    const { next, base, slots } = await start();
    expect([next.run.digest, next.held, base.name]).toEqual([one.digest, undefined, "old"]);
    expect(slots.isOnTrial()).toBe(false);
  }
});

test.each([0, 1])(
  "[M11] committed at its third try, with the plug pulled before its slot is the current one, it stays in charge (security epoch %i)",
  async (securityEpoch) => {
    const made = { ...releases.second, release: { ...releases.second.release, securityEpoch } };
    const two = await withBase(releases, made, fresh);
    await (await start()).ledger.admit(two.digest);
    for (let tries = 0; tries < 3; tries += 1) {
      const { next, base } = await start();
      expect([next.onTrial, next.run.digest, base.name]).toEqual([true, two.digest, "fresh"]);
    }
    await writeRecord(dataOf(root), commit(await recordIn(root), two.release));
    const { next, base, slots, ledger } = await start();
    expect([next.run.digest, next.held, base.name]).toEqual([two.digest, undefined, "fresh"]);
    expect([ledger.record().bad, ledger.record().restarts, slots.isOnTrial()]).toEqual([[], undefined, false]);
  },
);

test("[M11] a slot that does not come up any more is not tried for ever, and what is in charge is held then", async () => {
  const { one, at } = await twoCommitted();
  expect(await at.ledger.goBack("a component crashes")).toBeNull();
  const { next, base } = await startBoard(root, { releases, bases, broken: ["old"] }, 20);
  expect([next.run.digest, base.name]).toEqual([one.digest, "fresh"]);
  expect(next.held).toMatch(/the board was started again 3 times for it/);
});

test("[M11] what a verifier notes of a held generation is mended once and answered then, and its board rests between", async () => {
  const { one, at } = await twoCommitted();
  expect(await at.ledger.goBack("a component crashes")).toBeNull();
  const options = { releases, bases, broken: ["old"] };
  let told: unknown[] = [];
  /** A start of the board in which the verifier asks; answers why the generation is held, and what comes of asking. */
  async function round(again: boolean) {
    told = [];
    const { next, ledger } = await startBoard(root, options, 20);
    const generation = {
      ...{ number: () => next.run.generation, isHeld: () => next.held !== undefined, shown: () => [] },
      ...{ tellOutcome: (outcome: unknown) => void told.push(outcome), stop: async () => undefined },
    };
    const activation = createActivation({ log: { line: () => undefined } } as never, ledger, () => undefined);
    return [next.held, await activation.activate(generation, { releaseDigest: one.digest, again })];
  }
  expect(await round(false)).toEqual([expect.stringContaining("3 times"), "stopped"]);
  const [reason, after] = await round(true);
  expect([after, told]).toEqual(["go-on", [{ releaseDigest: one.digest, outcome: "rolled-back", reason }]]);
  // Whoever deploys it once more gives the slot its tries; where it comes up, the generation is whole.
  expect(await round(false)).toEqual([reason, "stopped"]);
  const { next, ledger } = await start();
  expect([next.held, ledger.record().mended, ledger.record().lastOutcome?.outcome]).toEqual([
    undefined,
    undefined,
    "committed",
  ]);
});

test("[M11] a slot under a generation on trial is the current one with the commit, and no start before makes it that", async () => {
  const two = await withBase(releases, releases.second, fresh);
  await (await start()).ledger.admit(two.digest);
  for (let starts = 0; starts < 2; starts += 1) {
    const { next, slots } = await start();
    expect([next.onTrial, slots.isOnTrial(), (await slots.read()).current]).toEqual([true, true, "a"]);
  }
  const { ledger, slots } = await start();
  await ledger.commitTrial(two.release);
  expect([slots.isOnTrial(), (await slots.read()).current]).toEqual([false, "b"]);
});

test("[M11] a slot that is tried by hand, under a release that names no base system, is not the current one by its start, nor while a release is admitted", async () => {
  await tryByHand(root);
  const { next, base, slots, ledger } = await start();
  expect([next.run.digest, base.name, slots.running.slot]).toEqual([releases.first.digest, "old", "b"]);
  expect(slots.isOnTrial()).toBe(true);
  // Each in its turn: what comes second finds a generation on trial, which has the word.
  await Promise.all([ledger.admit(releases.second.digest), ledger.settle()]);
  expect(ledger.record().trying).toMatchObject({ digest: releases.second.digest });
  expect(slots.isOnTrial()).toBe(true);
});

test("[M11] of two releases that are asked for at once one is tried: each change of the record is made of the one before it", async () => {
  const { ledger } = await start();
  const asked = [releases.second, releases.fourth].map(({ digest }) => ledger.admit(digest));
  const ended = await Promise.allSettled(asked);
  expect(ended).toMatchObject([{ status: "fulfilled" }, { status: "rejected", reason: { code: "CONFLICT" } }]);
  expect(await recordIn(root)).toMatchObject({ trying: { digest: releases.second.digest }, lastGeneration: 2 });
});
