/**
 * Every crash point of every update path. Where a cut may leave at most `perCut` different disks, the product is started on
 * each; where it may leave more (whole trees are being removed), on so many that fast-check draws. Both are counted.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { explore } from "../../power-cut/explore.ts";
import { everyPath, type PathName, type Paths, pathNames } from "../../power-cut/paths/index.ts";

/** The verifier and the agent take longer to start on a disk than the root server. */
const perCut: Partial<Record<PathName, number>> = {
  "newer metadata": 24,
  "an endorsement": 24,
  "an encrypted release": 24,
  "a base system's endorsement": 24,
  "a release from a file": 24,
  "the key of a deployment": 24,
  "an overlay's endorsement": 24,
  "a signed command": 24,
  "a fetch": 24,
  // A megabyte each.
  "a fetch of blocks": 4,
};

let paths: Paths;
beforeAll(async () => {
  paths = await everyPath();
});
afterAll(() => paths.remove());

test.each(pathNames)("[M11] [K2] the power is cut, or the process killed, after each step of %s", async (name) => {
  const { steps, cuts, exhausted, states } = await explore(paths.of(name), {
    perCut: perCut[name] ?? 256,
    kills: () => true,
  });
  process.stdout.write(
    `${name}: ${steps.length} steps, ${cuts} cuts, ${exhausted} of them exhausted, ${states} disks\n`,
  );
  expect(states).toBeGreaterThan(steps.length / 2);
});
