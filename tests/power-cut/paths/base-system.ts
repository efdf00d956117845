/**
 * The paths of a base system: an update that fills the other slot and starts the board from it, one whose slot does not come up, one whose components do not, and the
 * way back. The records are two, and the boot script writes one of them as well: whatever a cut leaves between them comes to one end, without a loop.
 */
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson, sha256 } from "@bulkhead/protocol";
import { expect } from "vitest";
import { whyBad } from "../../../runtime/src/generations/record.ts";
import { flashDisk, type MadeBase, makeBase, type Resting, startBoard } from "../board.ts";
import { expectFloors, flash, recordIn } from "../going-on.ts";
import type { MadeRelease, Releases } from "../releases.ts";
import { expectDone, type UpdatePath } from "../update-path.ts";

const [old, fresh, newest] = [makeBase("old"), makeBase("fresh"), makeBase("newest")];
const bases = [old, fresh, newest];

export type Named = MadeRelease & { readonly base: MadeBase };

/** `made` with a base system, as the verifier leaves it. */
export async function withBase({ endorsed }: Releases, made: MadeRelease, base: MadeBase): Promise<Named> {
  const release = { ...made.release, baseSystem: base.system };
  const text = canonicalJson(release);
  const directory = join(endorsed, sha256(text));
  await mkdir(join(directory, "base"), { recursive: true });
  await writeFile(join(directory, "release.json"), text);
  for (const part of ["boot", "root"] as const) {
    await writeFile(join(directory, "base", base.system.parts[part].digest), base[part]);
  }
  await cp(join(endorsed, made.digest, "artifacts"), join(directory, "artifacts"), { recursive: true });
  return { digest: sha256(text), release, base };
}

export async function baseSystemPaths(releases: Releases) {
  const second = await withBase(releases, releases.second, fresh);
  const third = await withBase(releases, releases.third, newest);
  const world = { releases, second, third };
  return {
    "a base system": update(world),
    "a base system that does not start": broken(world),
    "a base system under bad components": rolledBack(world),
    "the way back to a base system": goneBack(world),
    "a base system over another": over(world, await overAnother(releases)),
  };
}

/** Two more, for the slot that held what was current two updates ago; the first of them leaves the way back open. */
async function overAnother(releases: Releases) {
  const { second, third, fourth } = releases;
  const { securityEpoch } = second.release;
  const within = { ...third, release: { ...third.release, securityEpoch } };
  return [await withBase(releases, within, newest), await withBase(releases, fourth, old)] as const;
}

type World = { readonly releases: Releases; readonly second: Named; readonly third: Named };

async function prepare(root: string, { releases }: World): Promise<void> {
  await flash(root, releases, releases.first);
  await flashDisk(root, old);
}

/** Puts the release on trial, where it is neither that nor current, and starts the board until it is tried. */
async function toTrial(root: string, world: World, made: Named, without: readonly string[] = []): Promise<Resting> {
  const options = { releases: world.releases, bases, broken: without };
  const resting = await startBoard(root, options);
  const { trying, current } = resting.ledger.record();
  if (trying?.digest === made.digest || current.digest === made.digest) return resting;
  if (whyBad(resting.ledger.record(), made.digest) !== undefined) return resting;
  await resting.ledger.admit(made.digest);
  return startBoard(root, options);
}

/** Never a generation on a base system that is not its own, and never a slot as the current one that does not hold what runs. */
function expectConsistent({ next, base }: Resting, { releases, second, third }: World): void {
  const made = [releases.first, second, third].find(({ digest }) => digest === next.run.digest);
  expect(made).toBeDefined();
  expect(base.name).toBe(made && "base" in made ? (made as Named).base.name : old.name);
  expect(next.held).toBeUndefined();
}

/** Once nothing is under way any more the first start finds its slot: the boot script needs no other word. */
const startsOf = (isOver: boolean): number | undefined => (isOver ? 1 : undefined);

/** What failed did so for its own reason, and not for what a cut has left of it. */
function expectBad({ ledger }: Resting, reason: RegExp): void {
  for (const bad of ledger.record().bad) expect(bad.reason).toMatch(reason);
}

/** What is under way is found good. */
async function endTrial({ ledger, next }: Resting, { second, third }: World): Promise<void> {
  const tried = [second, third].find(({ digest }) => next.onTrial && digest === next.run.digest);
  if (tried) await ledger.commitTrial(tried.release);
  else await ledger.settle();
}

/** It goes on: what is under way ends well, and those of `updates` are taken one after the other. */
async function goOn(
  root: string,
  world: World,
  started: Resting,
  updates: readonly Named[],
  without: readonly string[] = [],
): Promise<void> {
  await endTrial(started, world);
  for (const made of updates) {
    const resting = await toTrial(root, world, made, without);
    expectConsistent(resting, world);
    expect(resting.next.run.digest).toBe(made.digest);
    await endTrial(resting, world);
    const { slots, next } = await startBoard(root, { releases: world.releases, bases, broken: without }, 1);
    expect(next).toMatchObject({ onTrial: false, run: { digest: made.digest } });
    expect(await slots.read()).toMatchObject({ current: slots.running.slot });
    expect((await slots.read()).trying).toBeUndefined();
    expectFloors(await recordIn(root), made);
  }
}

function update(world: World): UpdatePath {
  const { releases, second, third } = world;
  return {
    notWrittenWhenFull: ["committed it"],
    prepare: (root) => prepare(root, world),
    async run(root, reached) {
      const { ledger, next } = await toTrial(root, world, second);
      expectDone(next.run.digest === second.digest, "starting it");
      await reached("started it");
      if (next.onTrial) await ledger.commitTrial(second.release);
      else await ledger.settle();
      await reached("committed it");
    },
    async check(root, reached) {
      const resting = await startBoard(root, { releases, bases }, startsOf(reached.has("committed it")));
      expectConsistent(resting, world);
      expect(resting.ledger.record().bad).toEqual([]);
      if (reached.has("committed it"))
        expect(resting.next).toMatchObject({ onTrial: false, run: { digest: second.digest } });
      else if (reached.has("started it")) expect(resting.next.run.digest).toBe(second.digest);
      await goOn(root, world, resting, [second, third]);
    },
  };
}

function broken(world: World): UpdatePath {
  const { releases, second, third } = world;
  const without = [fresh.name];
  return {
    prepare: (root) => prepare(root, world),
    async run(root, reached) {
      const { next, ledger } = await toTrial(root, world, second, without);
      expect(next).toMatchObject({ onTrial: false, run: { digest: releases.first.digest } });
      const reason = whyBad(ledger.record(), second.digest);
      expectDone(reason !== undefined, "noting that it is bad");
      expect(reason).toMatch(/did not start: slot b has used up its tries/);
      await reached("gone back");
    },
    async check(root, reached) {
      const resting = await startBoard(root, { releases, bases, broken: without });
      expectConsistent(resting, world);
      expect(resting.next).toMatchObject({ onTrial: false, run: { digest: releases.first.digest } });
      if (reached.size > 0) expect(whyBad(resting.ledger.record(), second.digest)).toBeDefined();
      expectBad(resting, /did not start: slot b has used up its tries/);
      await goOn(root, world, resting, [third], without);
    },
  };
}

function rolledBack(world: World): UpdatePath {
  const { releases, second, third } = world;
  return {
    notWrittenWhenFull: ["rolled it back", "gone back"],
    prepare: (root) => prepare(root, world),
    async run(root, reached) {
      const { next, ledger } = await toTrial(root, world, second);
      if (next.onTrial) await ledger.rollBackTrial("a component of it does not get ready");
      await reached("rolled it back");
      const back = await startBoard(root, { releases, bases });
      expectDone(back.base.name === old.name, "going back");
      await reached("gone back");
    },
    async check(root, reached) {
      const resting = await startBoard(root, { releases, bases }, startsOf(reached.has("gone back")));
      expectConsistent(resting, world);
      if (reached.has("rolled it back")) expect(resting.next.run.digest).toBe(releases.first.digest);
      expectBad(resting, /a component of it does not get ready/);
      await goOn(root, world, resting, [third]);
    },
  };
}

function goneBack(world: World): UpdatePath {
  const { releases, second, third } = world;
  return {
    notWrittenWhenFull: ["gone back"],
    async prepare(root) {
      await prepare(root, world);
      const { ledger } = await toTrial(root, world, second);
      await ledger.commitTrial(second.release);
    },
    async run(root, reached) {
      const { ledger } = await startBoard(root, { releases, bases });
      if (ledger.record().current.digest === second.digest) expect(await ledger.goBack("it crashes")).toBeNull();
      await reached("chosen the way back");
      const resting = await startBoard(root, { releases, bases });
      await resting.ledger.settle();
      await reached("gone back");
    },
    async check(root, reached) {
      const resting = await startBoard(root, { releases, bases }, startsOf(reached.has("gone back")));
      expectConsistent(resting, world);
      if (reached.size > 0) expect(resting.next.run.digest).toBe(releases.first.digest);
      expectFloors(resting.ledger.record(), second);
      await goOn(root, world, resting, [third]);
    },
  };
}

/** The slot that is filled holds a base system already, which the way back needs until nothing is left of it. */
function over(world: World, [third, fourth]: readonly [Named, Named]): UpdatePath {
  const { releases, second } = world;
  return {
    async prepare(root) {
      await prepare(root, world);
      for (const made of [second, third]) {
        const { ledger } = await toTrial(root, world, made);
        await ledger.commitTrial(made.release);
      }
      expect((await startBoard(root, { releases, bases }, 1)).next.run.digest).toBe(third.digest);
    },
    async run(root, reached) {
      const { ledger, next } = await toTrial(root, world, fourth);
      expectDone(next.run.digest === fourth.digest, "starting it");
      await reached("started it");
      if (next.onTrial) await ledger.commitTrial(fourth.release);
      else await ledger.settle();
      await reached("committed it");
    },
    async check(root, reached) {
      const resting = await startBoard(root, { releases, bases }, startsOf(reached.has("committed it")));
      if (reached.size > 0) return expect(resting.next.run.digest).toBe(fourth.digest);
      expect([third.digest, fourth.digest]).toContain(resting.next.run.digest);
      expect(resting.next.held).toBeUndefined();
      if (resting.next.onTrial || (await resting.ledger.goBack("it crashes")) !== null) return;
      const back = await startBoard(root, { releases, bases });
      expect([back.next.run.digest, back.base.name]).toEqual([second.digest, fresh.name]);
    },
  };
}
