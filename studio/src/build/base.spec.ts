/** A base system is taken out of an image, and held to what is written beside that. */
import { access, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canonicalJson, type Release, sha256 } from "@bulkhead/protocol";
import { plainSystem } from "@bulkhead/protocol/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readBoards } from "../image/board.ts";
import { bulkheadDirectory } from "../locations.ts";
import { addBase, checkBase, type ImageBase } from "./base.ts";
import { buildProject } from "./project-build.ts";

const release: Release = {
  ...{ format: 1, name: "spec", version: "1.0.0", releaseCounter: 2, securityEpoch: 0, board: "pi", builtAtMs: 0 },
  system: plainSystem({ system: "spec" }),
  artifacts: [],
};
const [boot, root] = [Buffer.alloc(2 * 4096, "kernel"), Buffer.alloc(4096, "root")];
const described: ImageBase = {
  ...{ format: 2, board: "pi", digest: "b".repeat(64) },
  parts: {
    boot: { digest: sha256(boot), length: boot.length, startBytes: 4096 },
    root: { digest: sha256(root), length: root.length, startBytes: 5 * 4096 },
  },
};

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "bulkhead-base-"));
  const image = Buffer.alloc(8 * 4096);
  boot.copy(image, 4096);
  root.copy(image, 5 * 4096);
  await writeFile(join(dir, "pi.img"), image);
  await writeFile(join(dir, "pi.base.json"), JSON.stringify(described));
});
afterEach(() => rm(dir, { recursive: true }));
const built = () => ({ release, releaseDigest: sha256(canonicalJson(release)), dir });

test("[M11] a release takes the base system of an image with it: blobs by digest, and a document that names them", async () => {
  const added = await addBase(built(), dir);
  expect(added.release.baseSystem?.digest).toBe(described.digest);
  expect(added.release.baseSystem?.parts.boot).toEqual({ digest: sha256(boot), length: boot.length });
  const text = await readFile(join(dir, "release.json"), "utf8");
  expect([sha256(text), JSON.parse(text)]).toEqual([added.releaseDigest, added.release]);
  expect(await readFile(join(dir, "blobs", sha256(root)))).toEqual(root);
});

test("[M11] an image that is not what is written beside it, or of another board, or none, gives no release its base system", async () => {
  const refused = () => expect(addBase(built(), dir)).rejects;
  await writeFile(join(dir, "pi.img"), Buffer.alloc(8 * 4096));
  await refused().toMatchObject({ code: "FLASH_IMAGE_INVALID", remedy: "build the image anew" });
  await writeFile(join(dir, "pi.base.json"), JSON.stringify({ ...described, board: "other" }));
  await refused().toMatchObject({ code: "FLASH_IMAGE_INVALID", message: expect.stringContaining("board other") });
  // Of when the root had the image's first release in it.
  await writeFile(join(dir, "pi.base.json"), JSON.stringify({ ...described, format: 1 }));
  await refused().toMatchObject({ code: "FLASH_IMAGE_INVALID", remedy: expect.stringContaining("image anew") });
  await writeFile(join(dir, "pi.base.json"), "{");
  await refused().toMatchObject({ code: "FLASH_IMAGE_INVALID" });
  await rm(join(dir, "pi.base.json"));
  await refused().toMatchObject({ code: "FILE_UNREADABLE", remedy: expect.stringContaining("image build pi") });
});

test("[M11] whether there is a base system for the board is known before anything is built, and who has one is named", async () => {
  const boards = readBoards();
  const boardOf = (name: string) => boards.find(({ board }) => board === name) ?? expect.unreachable();
  const refused = (name: string) => expect(checkBase(boardOf(name), dir)).rejects;
  const remedy = expect.stringContaining("leave out --base");
  await refused("virtual").toMatchObject({ code: "IMAGE_BOARD_UNFIT", remedy });
  const named = expect.stringMatching(/; what is there is for pi$/);
  await refused("beaglebone-black").toMatchObject({ code: "FILE_UNREADABLE", message: named });
  const pi = { ...boardOf("beaglebone-black"), board: "pi" };
  await expect(checkBase(pi, dir)).resolves.toBeUndefined();
  await rm(join(dir, "pi.img"));
  await expect(checkBase(pi, dir)).rejects.toMatchObject({
    code: "FILE_UNREADABLE",
    message: expect.stringContaining("pi.img"),
  });
});

test("[M11] whether there is a base system is known before anything is built: nothing is made where the release was to be", async () => {
  const outDir = join(dir, "out");
  const manifest = join(bulkheadDirectory, "manifests/beacon/manifest.yaml");
  const building = buildProject({ manifest, outDir, releaseCounter: 1, base: { image: join(dir, "nothing") } });
  await expect(building).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  await expect(access(outDir)).rejects.toMatchObject({ code: "ENOENT" });
});
