/** The paths of overlays at the verifier: one is endorsed with its release, and one that was committed is counted. */
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { OverlayName } from "@bulkhead/protocol";
import { expect } from "vitest";
import { installRelease } from "../../../runtime/src/generations/install.ts";
import { asked } from "../../releases/bench.ts";
import type { UpdatePath } from "../update-path.ts";
import {
  expectAccepted,
  expectRefused,
  install,
  makeDirectories,
  open,
  openHeard,
  type Published,
} from "./published.ts";

export function overlayPaths(published: Published) {
  return { "an overlay's endorsement": endorsement(published), "an overlay's commit": commit(published) };
}

/** Returns the digest of release and overlay together: what is endorsed then, and nothing else. */
async function put(root: string, published: Published, overlay: OverlayName): Promise<string> {
  const gate = await openHeard(root, published, published.overlaid);
  expectAccepted(await gate.install({ ...asked(published.overlaid.built), overlay }));
  // After what was endorsed before.
  expect(gate.told.filter((said) => !said.endsWith("again"))).toEqual(["activate"]);
  const [digest = "", ...others] = await readdir(join(root, "endorsed"));
  expect(others).toEqual([]);
  return digest;
}

/** On a device that runs the release as it was signed. */
function endorsement(published: Published): UpdatePath {
  const [warmer] = published.overlaid.overlays;
  const { built } = published.overlaid;
  return {
    async prepare(root) {
      await makeDirectories(root);
      await install(root, published, published.staged[3]);
    },
    run: (root, reached) => put(root, published, warmer).then(() => reached("endorsed it")),
    async check(root, reached) {
      if (reached.size > 0) {
        await expectInstallable(root, (await readdir(join(root, "endorsed"))).at(0) ?? "");
        // What named the overlay is remembered: what knew of none is older.
        await expectRefused(root, published, published.staged[3]);
      }
      const digest = await put(root, published, warmer);
      expect(digest).not.toBe(built.digest);
      await expectInstallable(root, digest);
    },
  };
}

/** Once it was counted, none before it is put on that release again. */
function commit(published: Published): UpdatePath {
  const { built, overlays } = published.overlaid;
  const [warmer, colder] = overlays;
  const currentOverlay = { base: built.digest, overlayCounter: 2, digest: colder.digest };
  return {
    async prepare(root) {
      await makeDirectories(root);
      await put(root, published, colder);
    },
    async run(root, reached) {
      const [effectiveDigest = ""] = await readdir(join(root, "endorsed"));
      const running = { currentOverlay: { ...currentOverlay, effectiveDigest } };
      const gate = await open(root, published, published.overlaid, running);
      await gate.heard({ releaseDigest: effectiveDigest, outcome: "committed", reason: "" });
      await reached("counted it");
    },
    async check(root, reached) {
      const gate = await open(root, published, published.overlaid);
      expect(gate.lines.filter((line) => line.includes("damaged"))).toEqual([]);
      const { verdict } = await gate.examine({ ...asked(built), overlay: warmer });
      if (reached.size > 0) expect(verdict).toMatchObject({ accepted: false, code: "OVERLAY_ROLLBACK" });
      else expect([null, "OVERLAY_ROLLBACK"]).toContain(verdict.code);
      await put(root, published, colder);
    },
  };
}

/** As the root server does once it was told. */
async function expectInstallable(root: string, digest: string): Promise<void> {
  const dataDir = join(root, "data");
  await mkdir(join(dataDir, "releases"), { recursive: true });
  expect(await installRelease(dataDir, join(root, "endorsed", digest))).toHaveProperty("overlay");
  await rm(dataDir, { recursive: true });
}
