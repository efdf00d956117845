/**
 * That each sync of the update paths is needed: the disk says that it has synced, and has not, one sync at a time, and a cut
 * must then be found that breaks something.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { explore, type UpdatePath } from "../../power-cut/explore.ts";
import { everyPath, type PathName, type Paths, pathNames } from "../../power-cut/paths/index.ts";

/** Each deployment fetches these anew. */
const fetchedAnew = [
  "sync staging/metadata/2.root.json.new",
  "sync staging/metadata",
  "sync staging/metadata/timestamp.json.new",
  "sync staging/metadata/2.snapshot.json.new",
  "sync staging/metadata/2.overlays-field.json.new",
  "sync staging/metadata/2.targets.json.new",
  "sync staging/targets/c35b.greenhouse-2.json.new",
  "sync staging/targets/9ef2.warmer-1.json.new",
  "sync staging/targets",
];

const staged = ["sync staging/blobs", "sync staging/metadata", "sync staging/targets"];

/** Not needed on this path: what is lost is done again at the next start, or this start only makes sure of what an earlier one did. */
const needlessHere: Readonly<Partial<Record<PathName, readonly string[]>>> = {
  "a trial without tries": ["sync data/state", "sync data/state/a.new"],
  "a damaged release": ["sync data/state", "sync data/state/b.new"],
  "newer metadata": ["sync verifier"],
  "an endorsement": ["sync verifier/tuf"],
  "an overlay's endorsement": ["sync verifier"],
  "an overlay's commit": ["sync verifier/tuf"],
  "a command": ["sync verifier/tuf"],
  // That it counts once rests on nothing that is written: the challenge was in the memory of the process that is gone.
  "a signed command": ["sync verifier", "sync verifier/commands.json.new", "sync verifier/tuf"],
  // The same; and the key is there, or the operator was told that it is not.
  "the key of a deployment": ["sync verifier/commands.json.new"],
  // An import begins anew, and the verifier has its own copy once it counts.
  "a release from a file": [
    "sync staging",
    "sync staging/blobs",
    "sync staging/blobs/39f3.part",
    "sync staging/metadata",
    "sync staging/metadata/1.root.json.new",
    "sync staging/metadata/2.root.json.new",
    "sync staging/metadata/8.snapshot.json.new",
    "sync staging/metadata/9.targets.json.new",
    "sync staging/metadata/timestamp.json.new",
    "sync staging/targets",
    "sync staging/targets/*.example-7.json.new",
  ],
  // Of what is staged; the journal lies beside it.
  "a command at the agent": staged,
  "a deployment at the agent": staged,
  "a fetch": fetchedAnew,
  "a fetch of blocks": fetchedAnew,
};

let paths: Paths;
beforeAll(async () => {
  paths = await everyPath();
});
afterAll(() => paths.remove());

const bounds = { perCut: 1, kills: (step: string) => step.startsWith("rename") };

test.each(pathNames)("[M11] each sync of %s is needed", async (name) => {
  const path = paths.of(name);
  const { steps } = await explore(path, { perCut: 1, kills: () => false });
  const syncs = [...new Set(steps.filter((step) => step.startsWith("sync ")))];
  const needless: string[] = [];
  for (const sync of syncs) {
    const short = sync.replaceAll(/[0-9a-f]{60}(?=[0-9a-f]{4})/g, "");
    // Of a release that was built just now.
    if (!(await isNeeded(path, sync))) needless.push(short.replace(/[0-9a-f]{4}(?=\.example-)/, "*"));
  }
  process.stdout.write(`${name}: ${syncs.length - needless.length} of ${syncs.length} syncs are needed\n`);
  expect(needless.sort()).toEqual([...(needlessHere[name] ?? [])].sort());
});

async function isNeeded(path: UpdatePath, sync: string): Promise<boolean> {
  const syncs = (step: string) => step !== sync;
  try {
    await explore(path, { ...bounds, syncs });
    return false;
  } catch (error) {
    expect((error as Error).message).toMatch(/^(after|killed after) step/);
    return true;
  }
}
