/** The paths of a release at the verifier that is more than artifacts in the clear: one that is encrypted, one with a base system, and one that comes in a file. */
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "@bulkhead/protocol";
import { expect } from "vitest";
import { openStaging } from "../../../kms-agent/src/fetch/staging.ts";
import { takeIn } from "../../../kms-agent/src/import/take-in.ts";
import { createTurns } from "../../../kms-agent/src/turns.ts";
import { installRelease } from "../../../runtime/src/generations/install.ts";
import { openFloorClock } from "../../../runtime/src/verifier/clock-floor.ts";
import { asked } from "../../releases/bench.ts";
import type { UpdatePath } from "../update-path.ts";
import { makeKeyStore, openKeyStore } from "./key-store.ts";
import {
  expectAccepted,
  expectRefused,
  install,
  makeDirectories,
  type Opened,
  open,
  type Published,
} from "./published.ts";

export function endorsementPaths(published: Published) {
  return {
    "an encrypted release": sealed(published),
    "a base system's endorsement": based(published),
    "a release from a file": fromFile(published),
  };
}

/** The key store and its disk are the device's own: what opens the release is found after each cut. */
function sealed(published: Published): UpdatePath {
  const [first] = published.staged;
  const { built, key } = published.sealed;
  async function openSealed(root: string): Promise<Opened> {
    const { opening } = await openKeyStore(root);
    return open(root, published, published.sealed, {}, opening);
  }
  return {
    async prepare(root) {
      await makeDirectories(root);
      await makeKeyStore(root, [key]);
      await install(root, published, first);
    },
    async run(root, reached) {
      const gate = await openSealed(root);
      expectAccepted(await gate.install(asked(built)));
      await reached("endorsed it");
    },
    async check(root, reached) {
      if (reached.size > 0) await expectEndorsed(root, published, built);
      const gate = await openSealed(root);
      expectTold(gate, built.digest, reached.size > 0);
      expectAccepted(await gate.install(asked(built)));
      await expectInstallable(root, built);
      await expectAlone(root, gate, built.digest);
    },
  };
}

/** Its parts are in the endorsed directory until the board runs from them, and no longer. */
function based(published: Published): UpdatePath {
  const [first] = published.staged;
  const { built, base } = published.based;
  const slots = { base: "a".repeat(64) };
  const openBased = (root: string) => open(root, published, published.based, { slots });
  const place = (root: string) => join(root, "endorsed", built.digest, "base");
  async function expectParts(root: string): Promise<void> {
    for (const { digest } of Object.values(base.parts))
      expect(sha256(await readFile(join(place(root), digest)))).toBe(digest);
  }
  return {
    async prepare(root) {
      await makeDirectories(root);
      await install(root, published, first);
    },
    async run(root, reached) {
      const gate = await openBased(root);
      expectAccepted(await gate.install(asked(built)));
      await reached("endorsed it");
      await reached("committed it");
      await gate.heard({ releaseDigest: built.digest, outcome: "committed", reason: "" });
      await reached("heard of it");
    },
    async check(root, reached) {
      if (reached.size > 0) await expectEndorsed(root, published, built);
      const gate = await openBased(root);
      const isAwaited = reached.has("endorsed it") && !reached.has("committed it");
      if (reached.has("heard of it")) expect(gate.told).not.toContain(`activate ${built.digest} again`);
      else expectTold(gate, built.digest, isAwaited);
      if (isAwaited) await expectParts(root);
      expectAccepted(await gate.install(asked(built)));
      await expectParts(root);
      await expectInstallable(root, built);
      await expectAlone(root, gate, built.digest);
      await gate.heard({ releaseDigest: built.digest, outcome: "committed", reason: "" });
      await expect(readdir(place(root))).rejects.toMatchObject({ code: "ENOENT" });
    },
  };
}

/** Staged, judged, endorsed, and nothing of it left in staging; cut off, it is brought once more. */
function fromFile(published: Published): UpdatePath {
  const [first] = published.staged;
  const { built, file } = published.exported;
  async function bring(root: string): Promise<Opened> {
    const staging = join(root, "staging");
    const places = await openStaging(staging);
    const gate = await open(root, published, { built, staging });
    const ports = { gate, staging: places, inTurn: createTurns(), tell: () => undefined, meant: built.digest };
    expectAccepted(await takeIn(createReadStream(file), ports));
    return gate;
  }
  return {
    async prepare(root) {
      await makeDirectories(root);
      await mkdir(join(root, "staging"));
      await install(root, published, first);
    },
    run: (root, reached) => bring(root).then(() => reached("endorsed it")),
    async check(root, reached) {
      if (reached.size > 0) {
        await expectEndorsed(root, published, built);
        const gate = await open(root, published, { built, staging: join(root, "staging") });
        expectTold(gate, built.digest, true);
      }
      const gate = await bring(root);
      await expectInstallable(root, built);
      await expectAlone(root, gate, built.digest);
      for (const name of ["blobs", "targets"]) expect(await readdir(join(root, "staging", name))).toEqual([]);
    },
  };
}

/** Whoever asked does not ask again: the root server is told again of what it may not have on its own record. */
function expectTold({ told }: Opened, digest: string, isEndorsed: boolean): void {
  const again = `activate ${digest} again`;
  if (isEndorsed) expect(told).toContain(again);
  expect(told.filter((said) => said === again).length).toBeLessThanOrEqual(1);
}

/** Once the root server has said what became of all before, nothing but the last is kept. */
async function expectAlone(root: string, gate: Opened, digest: string): Promise<void> {
  for (const said of gate.told) {
    const [, left = ""] = /^activate (\w+) again$/.exec(said) ?? [];
    if (left !== digest) await gate.heard({ releaseDigest: left, outcome: "rolled-back", reason: "it does not start" });
  }
  const found = await readdir(join(root, "endorsed"));
  expect(found).toContain(digest);
  expect(found.filter((name) => name.endsWith(".new"))).toEqual([]);
}

/** It can be installed, what is older is refused, and no clock says that it is earlier. */
async function expectEndorsed(
  root: string,
  published: Published,
  built: Published["exported"]["built"],
): Promise<void> {
  await expectInstallable(root, built);
  await expectRefused(root, published, published.staged[0]);
  const { floorMs } = await openFloorClock(join(root, "verifier"), 0);
  expect(floorMs).toBeGreaterThanOrEqual(built.release.builtAtMs);
}

/** As the root server does once it was told. */
async function expectInstallable(root: string, { digest, release }: Published["exported"]["built"]): Promise<void> {
  const dataDir = join(root, "data");
  await mkdir(join(dataDir, "releases"), { recursive: true });
  expect(await installRelease(dataDir, join(root, "endorsed", digest))).toEqual(release);
  await rm(dataDir, { recursive: true });
}
