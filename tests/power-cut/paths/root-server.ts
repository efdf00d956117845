/** The paths that the root server takes: what it installs, what it starts, and what it writes down of it. */
import { access, chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { beginWithFactory } from "../../../runtime/src/board/factory.ts";
import type { Ledger } from "../../../runtime/src/generations/index.ts";
import { type GenerationRecord, whyBad } from "../../../runtime/src/generations/record.ts";
import { readRecord } from "../../../runtime/src/generations/slots.ts";
import { chooseOf } from "../../../runtime/src/generations/testing/chosen.ts";
import { dataOf, expectFloors, expectUids, flash, goOn, recordIn, takeRelease } from "../going-on.ts";
import { type MadeRelease, openDevice, type Releases, shownOf } from "../releases.ts";
import { expectDone, type Milestones, type UpdatePath } from "../update-path.ts";

export function rootServerPaths(releases: Releases) {
  return {
    "the first release": factory(releases),
    "an update": update(releases),
    "an overlay": overlay(releases),
    "updates beside a pinned release": beside(releases),
    "a roll back": rolledBack(releases),
    "a rollback statement": stated(releases),
    "a trial without tries": usedUp(releases),
    "a damaged release": damaged(releases),
    "a damaged release made whole": mended(releases),
    "the way back": goneBack(releases),
  };
}

/** A board's first start, which is begun anew until it is done. */
function factory(releases: Releases): UpdatePath {
  const { first } = releases;
  const install = (root: string) => beginWithFactory(dataOf(root), () => Promise.resolve(releases.factory));
  return {
    prepare: async (root) => void (await mkdir(join(dataOf(root), "releases"), { recursive: true })),
    async run(root, reached) {
      await install(root);
      await openDevice(root, releases);
      await reached("installed it");
    },
    async check(root, reached) {
      if (reached.size > 0) expect(await readRecord(dataOf(root))).not.toBeNull();
      await install(root);
      const ledger = await openDevice(root, releases);
      const chosen = await chooseOf(ledger);
      expect(chosen).toMatchObject({ onTrial: false, run: { digest: first.digest, generation: 1 } });
      expect(chosen.held).toBeUndefined();
      await goOn(root, releases, [releases.second]);
    },
  };
}

/**
 * An endorsed release: installed, tried twice, for the first start is cut short, found good, and the oldest cleared away, but for what a
 * component runs from that goes on since then.
 */
function update(releases: Releases): UpdatePath {
  const { first, second, third, fourth } = releases;
  const used = join("releases", first.digest, "artifacts", first.release.artifacts[1]?.digest ?? "");
  return {
    prepare: (root) => updateOnce(root, releases),
    notWrittenWhenFull: ["gave its components their users", "committed it"],
    async run(root, reached) {
      const ledger = await openDevice(root, releases);
      const isHere = () => [ledger.record().trying?.digest, ledger.record().current.digest].includes(third.digest);
      if (!isHere()) await ledger.admit(third.digest);
      await reached("admitted it");
      const left = await tryOnce(ledger, reached);
      const next = left === 2 ? await openDevice(root, releases) : ledger;
      if (left === 2) await tryOnce(next, reached);
      expectTaken(next, third);
      await next.commitTrial(third.release, [join(shownOf(root), used)]);
      if (next.record().previous?.digest === second.digest) await access(join(dataOf(root), used));
      await reached("committed it");
    },
    async check(root, reached) {
      const found = await recordIn(root);
      const isNew = reached.has("committed it");
      expectFloors(found, isNew || found.current.digest === third.digest ? third : second);
      expectTriesCounted(found, reached);
      if (reached.has("gave its components their users")) expectUids(found, third);
      const ledger = await openDevice(root, releases);
      const { run, onTrial, held } = await chooseOf(ledger);
      expect([second.digest, third.digest]).toContain(run.digest);
      expect(held).toBeUndefined();
      // Each of its three starts was cut short: nobody can tell that from a bad release.
      const isUsedUp = found.trying?.triesLeft === 0;
      if (!isUsedUp) expect(ledger.record().bad).toEqual([]);
      if (isNew) expect({ run: run.digest, onTrial }).toEqual({ run: third.digest, onTrial: false });
      else if (reached.has("admitted it") && !isUsedUp && !isPutOff(found, third))
        expect(run.digest).toBe(third.digest);
      await goOn(root, releases, isUsedUp ? [fourth] : [third, fourth]);
    },
  };
}

/** On a release that has one already: a generation of its own, and the way back is to the two that were before it. */
function overlay(releases: Releases): UpdatePath {
  const { first, second, third, warmer, colder } = releases;
  return {
    async prepare(root) {
      await flash(root, releases, first);
      for (const made of [second, warmer]) await takeRelease(root, releases, made);
    },
    notWrittenWhenFull: ["committed it"],
    async run(root, reached) {
      const ledger = await openDevice(root, releases);
      const isHere = () => [ledger.record().trying?.digest, ledger.record().current.digest].includes(colder.digest);
      if (!isHere()) await ledger.admit(colder.digest);
      await reached("admitted it");
      await ledger.choose();
      expectTaken(ledger, colder);
      await ledger.commitTrial(colder.release);
      await reached("committed it");
    },
    async check(root, reached) {
      const found = await recordIn(root);
      expectFloors(found, second);
      const ledger = await openDevice(root, releases);
      const { run, onTrial, release, held } = await chooseOf(ledger);
      expect(held).toBeUndefined();
      expect([warmer.digest, colder.digest]).toContain(run.digest);
      expect(release.overlay?.name).toBe(run.digest === warmer.digest ? "warmer" : "colder");
      expect(release.overlay?.base).toBe(second.digest);
      if (reached.has("committed it"))
        expect({ run: run.digest, onTrial }).toEqual({ run: colder.digest, onTrial: false });
      else if (onTrial) {
        // Killed, it would be tried again; found bad, the release goes back to the overlay before.
        await ledger.rollBackTrial("it is bad");
        expect(await ledger.choose()).toMatchObject({ onTrial: false, run: { digest: warmer.digest } });
        expect(whyBad(ledger.record(), second.digest)).toBeUndefined();
      }
      await goOn(root, releases, [third]);
    },
  };
}

/** On trial, or committed by the process before: nothing else is ever found good. */
function expectTaken(ledger: Ledger, { digest }: MadeRelease): void {
  const { trying, current } = ledger.record();
  expectDone([trying?.digest, current.digest].includes(digest), "trying it");
}

function expectTriesCounted({ trying }: GenerationRecord, reached: Milestones): void {
  for (const left of [2, 1, 0].filter((number) => reached.has(`tried it with ${number} left`)))
    expect(trying?.triesLeft ?? 0).toBeLessThanOrEqual(left);
}

/** Its trial could not be counted, for want of room: the record says so, and it has to be asked for once more. */
function isPutOff({ lastOutcome }: GenerationRecord, { digest }: MadeRelease): boolean {
  return lastOutcome?.releaseDigest === digest && /cannot be written: ENOSPC/.test(lastOutcome.reason);
}

async function tryOnce(ledger: Ledger, reached: (milestone: string) => Promise<void>): Promise<number | undefined> {
  const before = ledger.record().trying?.triesLeft ?? 0;
  const { onTrial } = await chooseOf(ledger);
  const left = ledger.record().trying?.triesLeft;
  if (onTrial) expect(left).toBe(before - 1);
  if (onTrial) await reached(`tried it with ${left} left`);
  if (onTrial) await reached("gave its components their users");
  return left;
}

/** A trial that ends badly. */
function rolledBack(releases: Releases): UpdatePath {
  const { first, second, third } = releases;
  return {
    ...checksOfWayBack(releases, { from: second, to: first, floor: first, next: third }),
    async prepare(root) {
      await flash(root, releases, first);
      const ledger = await openDevice(root, releases);
      await ledger.admit(second.digest);
      await ledger.choose();
    },
    async run(root, reached) {
      const ledger = await openDevice(root, releases);
      if (ledger.record().trying) await ledger.rollBackTrial("it is bad");
      await reached("gone back");
    },
  };
}

/** It stays whole while the record names it; the security epoch of the second one ends that. */
function beside(releases: Releases): UpdatePath {
  const { pinned, second, warmer, third, fourth } = releases;
  return {
    async prepare(root) {
      await flash(root, releases, pinned);
      await takeRelease(root, releases, second);
    },
    notWrittenWhenFull: ["committed 2", "committed 3"],
    async run(root, reached) {
      for (const made of [warmer, third]) {
        const ledger = await openDevice(root, releases);
        const { trying, current, previous } = ledger.record();
        if ([current.digest, previous?.digest].includes(made.digest)) continue;
        if (trying === null) await ledger.admit(made.digest);
        await ledger.choose();
        expectTaken(ledger, made);
        await ledger.commitTrial(made.release);
        await reached(`committed ${made.release.releaseCounter}`);
      }
    },
    async check(root, reached) {
      const record = await recordIn(root);
      const ledger = await openDevice(root, releases);
      const chosen = await chooseOf(ledger);
      expect(chosen.held).toBeUndefined();
      expect(ledger.record().bad).toEqual([]);
      const mayRun = [second, warmer, third].slice(reached.has("committed 3") ? 2 : reached.size);
      expect(mayRun.map(({ digest }) => digest)).toContain(chosen.run.digest);
      const own = chosen.run.digest === third.digest ? [] : pinned.release.artifacts.map(({ digest }) => digest);
      expect(chosen.pinnedArtifacts).toEqual(own);
      expect(record.pinned?.digest).toBe(record.securityEpochFloor === 0 ? pinned.digest : undefined);
      if (reached.has("committed 3")) expect(record.pinned).toBeUndefined();
      await goOn(root, releases, [third, fourth]);
    },
  };
}

/** An earlier release, by the word of the release keys: tried like any other, and what was committed stays the floor. */
function stated(releases: Releases): UpdatePath {
  const { first, second, third } = releases;
  return {
    prepare: (root) => updateOnce(root, releases),
    notWrittenWhenFull: ["committed it"],
    async run(root, reached) {
      const ledger = await openDevice(root, releases);
      const isHere = () => [ledger.record().trying?.digest, ledger.record().current.digest].includes(first.digest);
      if (!isHere()) await ledger.admit(first.digest, { rollbackFrom: 2 });
      await reached("admitted it");
      await ledger.choose();
      expectTaken(ledger, first);
      await ledger.commitTrial(first.release);
      await reached("committed it");
    },
    async check(root, reached) {
      const found = await recordIn(root);
      expectFloors(found, second);
      const ledger = await openDevice(root, releases);
      const { run, onTrial, held } = await chooseOf(ledger);
      expect([first.digest, second.digest]).toContain(run.digest);
      expect(held).toBeUndefined();
      if (reached.has("committed it"))
        expect({ run: run.digest, onTrial }).toEqual({ run: first.digest, onTrial: false });
      else if (reached.has("admitted it") && !isPutOff(found, first)) expect(run.digest).toBe(first.digest);
      // Without the statement there is no way below what was committed, whatever became of it.
      // (What was left is not kept; where the cut came before it was cleared away, the next commit does that.)
      if ((await recordIn(root)).trying !== null) await goOn(root, releases, []);
      if ((await recordIn(root)).current.digest === second.digest) {
        const refused = (await openDevice(root, releases)).admit(first.digest);
        await expect(refused).rejects.toMatchObject({ code: "RELEASE_ROLLBACK" });
      }
      await goOn(root, releases, [third]);
    },
  };
}

/** A trial that took the runtime down each time. */
function usedUp(releases: Releases): UpdatePath {
  const { first, second, third } = releases;
  return {
    ...checksOfWayBack(releases, { from: second, to: first, floor: first, next: third }),
    async prepare(root) {
      await flash(root, releases, first);
      const ledger = await openDevice(root, releases);
      await ledger.admit(second.digest);
      for (let tries = 0; tries < 3; tries += 1) await ledger.choose();
    },
    run: startAndChoose(releases),
  };
}

/** The disk has damaged what runs. */
function damaged(releases: Releases): UpdatePath {
  const { first, second, third } = releases;
  return {
    ...checksOfWayBack(releases, { from: second, to: first, floor: second, next: third }),
    async prepare(root) {
      await updateOnce(root, releases);
      await writeFile(join(dataOf(root), "releases", second.digest, "release.json"), "damaged");
    },
    run: startAndChoose(releases),
  };
}

/** The disk has damaged the only release that there is, and it was endorsed again. */
function mended(releases: Releases): UpdatePath {
  const { first, second } = releases;
  const damage = (root: string) =>
    join(dataOf(root), "releases", first.digest, "artifacts", first.release.artifacts[1]?.digest ?? "", "main.js");
  return {
    async prepare(root) {
      await flash(root, releases, first);
      await chmod(damage(root), 0o644);
      await writeFile(damage(root), "damaged");
    },
    notWrittenWhenFull: ["made it whole"],
    async run(root, reached) {
      const ledger = await openDevice(root, releases);
      await ledger.mend();
      await reached("made it whole");
    },
    async check(root, reached) {
      const ledger = await openDevice(root, releases);
      // Whoever asks what became of it has his answer from the record.
      const answer = { releaseDigest: first.digest, outcome: "committed" };
      if (reached.size > 0) expect(ledger.record().lastOutcome).toMatchObject(answer);
      const { run, held } = await chooseOf(ledger);
      expect(run).toMatchObject({ digest: first.digest, generation: 1 });
      if (reached.size > 0) expect(held).toBeUndefined();
      // What the cut left can be made whole again.
      if (held !== undefined) await ledger.mend();
      expect((await chooseOf(await openDevice(root, releases))).held).toBeUndefined();
      await goOn(root, releases, [second]);
    },
  };
}

/** Components that do not stay up, outside of a trial. */
function goneBack(releases: Releases): UpdatePath {
  const { first, second, third } = releases;
  return {
    ...checksOfWayBack(releases, { from: second, to: first, floor: second, next: third }),
    prepare: (root) => updateOnce(root, releases),
    async run(root, reached) {
      const ledger = await openDevice(root, releases);
      if (ledger.record().previous) expect(await ledger.goBack("it is bad")).toBeNull();
      await reached("gone back");
    },
  };
}

async function updateOnce(root: string, releases: Releases): Promise<void> {
  await flash(root, releases, releases.first);
  await takeRelease(root, releases, releases.second);
}

function startAndChoose(releases: Releases): UpdatePath["run"] {
  return async (root, reached) => {
    await (await openDevice(root, releases)).choose();
    await reached("gone back");
  };
}

type WayBack = {
  readonly from: MadeRelease;
  readonly to: MadeRelease;
  readonly floor: MadeRelease;
  readonly next: MadeRelease;
};

function checksOfWayBack(
  releases: Releases,
  { from, to, floor, next }: WayBack,
): Pick<UpdatePath, "check" | "notWrittenWhenFull"> {
  return {
    notWrittenWhenFull: ["gone back"],
    async check(root, reached) {
      expectFloors(await recordIn(root), floor);
      const ledger = await openDevice(root, releases);
      const { run, onTrial, held } = await chooseOf(ledger);
      expect([from.digest, to.digest]).toContain(run.digest);
      expect(held).toBeUndefined();
      if (reached.size > 0) {
        expect({ run: run.digest, onTrial }).toEqual({ run: to.digest, onTrial: false });
        expect(whyBad(ledger.record(), from.digest)).toBeDefined();
      }
      await goOn(root, releases, [next]);
    },
  };
}
