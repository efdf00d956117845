/**
 * That each sync of the update paths is needed: the disk says that it has synced, and has not, one sync at a time, and a cut
 * must then be found that breaks something.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Bounds, explore } from "../../power-cut/explore.ts";
import { everyPath, type PathName, type Paths, pathNames } from "../../power-cut/paths/index.ts";
import type { UpdatePath } from "../../power-cut/update-path.ts";

/** Each deployment fetches these anew. */
const fetchedAnew = [
  "sync staging/metadata/2.root.json.new",
  "sync staging/metadata",
  "sync staging/metadata/timestamp.json.new",
  "sync staging/metadata/2.snapshot.json.new",
  "sync staging/metadata/2.overlays-field.json.new",
  "sync staging/metadata/2.targets.json.new",
  "sync staging/targets/*.greenhouse-2.json.new",
  "sync staging/targets/*.warmer-1.json.new",
  "sync staging/targets",
];
const staged = ["sync staging/blobs", "sync staging/metadata", "sync staging/targets"];
/** An import begins anew, and the verifier has its own copy once it counts. */
const importedAnew = [
  "sync staging/metadata",
  "sync staging/metadata/1.root.json.new",
  "sync staging/metadata/2.root.json.new",
  "sync staging/metadata/8.snapshot.json.new",
  "sync staging/metadata/9.targets.json.new",
  "sync staging/metadata/timestamp.json.new",
  "sync staging/targets",
  "sync staging/targets/*.example-7.json.new",
];
/** What is lost is decided again at the next start, from what is on the disk still, and comes to the same. */
const decidedAgain = ["sync data/state"];
/** A commit is written once more before its slot is the current one (decision 59): then the record is in both of its slots. */
const writtenTwice = { a: "sync data/state/a.new", b: "sync data/state/b.new" };
/** Not a file of it is read: its slot does not start. */
const neverStarted = [
  "sync data/releases",
  "sync data/releases/*.new",
  "sync data/releases/*.new/artifacts",
  "sync data/releases/*.new/artifacts/*",
  "sync data/releases/*.new/artifacts/*/lib",
  "sync data/releases/*.new/artifacts/*/lib/deep",
  "sync data/releases/*.new/artifacts/*/lib/deep/part.js",
  "sync data/releases/*.new/artifacts/*/lib/part.js",
  "sync data/releases/*.new/artifacts/*/main.js",
  "sync data/releases/*.new/release.json.new",
];
/** A slot that is not whole does not start either, and one that is tried once more comes to the same. */
const doesNotStart = ["sync disk/boot-b", "sync disk/root-b", "sync disk/state-0", "sync disk/state-1"];

/** What a path can do without, and why. Each is needed on another, but for those of `neededNowhere`. */
const needlessHere: Readonly<Partial<Record<PathName, readonly string[]>>> = {
  // Installed already: this start only makes sure of what an earlier one did, which may have been killed.
  "a rollback statement": ["sync data/releases"],
  "a trial without tries": [...decidedAgain, "sync data/state/a.new"],
  "a damaged release": [...decidedAgain, "sync data/state/b.new"],
  "a base system": [writtenTwice.a, writtenTwice.b],
  // And the record that says that it failed is written after the one that says what is tried: without it that is found out once more.
  "a base system that does not start": [...neverStarted, ...doesNotStart, writtenTwice.a, writtenTwice.b],
  "the way back to a base system": [writtenTwice.b],
  "a base system over another": [writtenTwice.a],
  "newer metadata": ["sync verifier"],
  "an endorsement": ["sync verifier/tuf"],
  "an overlay's endorsement": ["sync verifier"],
  "an overlay's commit": ["sync verifier/tuf"],
  "a command": ["sync verifier/tuf"],
  // That it counts once rests on nothing that is written: the challenge was in the memory of the process that is gone.
  "a signed command": ["sync verifier", "sync verifier/commands.json.new", "sync verifier/tuf"],
  // The same; and the key is there, or the operator was told that it is not.
  "the key of a deployment": ["sync verifier/commands.json.new"],
  "a release from a file": [...importedAnew, "sync staging", "sync staging/blobs", "sync staging/blobs/*.part"],
  // The journal lies beside it.
  "a command at the agent": staged,
  "a deployment at the agent": staged,
  "a fetch": fetchedAnew,
  "a fetch of blocks": fetchedAnew,
};
const neededNowhere = new Set([...fetchedAnew, ...importedAnew]);

let paths: Paths;
beforeAll(async () => {
  paths = await everyPath();
});
afterAll(() => paths.remove());

const isRename = (step: string) => step.startsWith("rename");
/** Most of what breaks does so where nothing is left of what was not synced. Only where that breaks nothing some of it is left as well: a sync may be there for an order. */
const narrow: Bounds = { perCut: 1, kills: isRename };
const wide: Bounds = { perCut: 4, kills: isRename };
/** A megabyte for each, and a start of two slots. */
const widePerCut: Partial<Record<PathName, number>> = {
  "a fetch of blocks": 2,
  "a base system that does not start": 2,
};

const needed = new Set<string>();
const needless = new Set<string>();
const seen = new Set<PathName>();

test.each(pathNames)("[M11] each sync of %s is needed", async (name) => {
  const path = paths.of(name);
  const wider = { ...wide, perCut: widePerCut[name] ?? wide.perCut };
  // With all of them nothing breaks: else it would say nothing that something does without one.
  const { steps } = await explore(path, wider);
  const syncs = [...new Set(steps.filter((step) => step.startsWith("sync ")))];
  const without = new Set<string>();
  for (const sync of syncs) {
    const isNeeded = (await isMissed(path, sync, narrow)) || (await isMissed(path, sync, wider));
    if (isNeeded) needed.add(withoutDigests(sync));
    else without.add(withoutDigests(sync));
  }
  seen.add(name);
  for (const sync of without) needless.add(sync);
  process.stdout.write(`${name}: ${without.size} of ${syncs.length} syncs are not needed\n`);
  expect([...without].sort()).toEqual([...(needlessHere[name] ?? [])].sort());
});

/** So that nothing stays in the table only because it is in it. */
test("[M11] each sync that a path does not need is needed on another", ({ skip }) => {
  skip(seen.size < pathNames.length, "not every path was looked at");
  expect([...needless].filter((sync) => !needed.has(sync)).sort()).toEqual([...neededNowhere].sort());
});

/** Whether a cut is found that breaks something where this sync does nothing. */
async function isMissed(path: UpdatePath, sync: string, bounds: Bounds): Promise<boolean> {
  try {
    await explore(path, { ...bounds, syncs: (step) => step !== sync });
    return false;
  } catch (error) {
    expect((error as Error).message).toMatch(/^(after|killed after) step/);
    return true;
  }
}

/** Of the same kind in every release: they are told apart by their path, and where one of them is not needed, the name is in the table. */
function withoutDigests(sync: string): string {
  return sync.replaceAll(/[0-9a-f]{64}/g, "*");
}
