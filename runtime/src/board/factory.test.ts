import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { type Artifact, BulkheadError, canonicalJson, type Release, sha256 } from "@bulkhead/protocol";
import { plainSystem } from "@bulkhead/protocol/testing";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readRecord, treeDigest } from "../generations/index.ts";
import { verifyInstalled } from "../generations/install.ts";
import { beginWithFactory, packFactory } from "./factory.ts";

let directory = "";
let dataDir = "";
let place = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bulkhead-factory-"));
  dataDir = join(directory, "data");
  place = join(directory, "partition");
  mkdirSync(dataDir);
});
afterEach(() => rmSync(directory, { recursive: true }));

const find = () => Promise.resolve(place);

/** Writes a release as a build does, and what an image has of it to `place`, with what else a partition holds behind it. */
async function flash(contents: readonly string[]): Promise<{ release: Release; digest: string }> {
  const built = mkdtempSync(join(directory, "built-"));
  const artifacts: Artifact[] = [];
  for (const content of contents) {
    const tree = join(built, "tree");
    mkdirSync(join(tree, "lib"), { recursive: true });
    writeFileSync(join(tree, "main.js"), content);
    writeFileSync(join(tree, "lib", "a.js"), content.repeat(3));
    const artifact = await treeDigest(tree);
    cpSync(tree, join(built, "artifacts", artifact.digest), { recursive: true });
    if (!artifacts.some(({ digest }) => digest === artifact.digest)) artifacts.push(artifact);
  }
  const about = { name: "spec", version: "1.0.0", releaseCounter: 1, securityEpoch: 0, board: "virtual" };
  const system = plainSystem({ system: "spec" });
  const release: Release = { format: 1, ...about, builtAtMs: 0, system, artifacts };
  const text = canonicalJson(release);
  writeFileSync(join(built, "release.json"), text);
  writeFileSync(join(built, "release.cdx.json"), "{}");
  writeFileSync(place, Buffer.concat([await buffer(packFactory(built)), Buffer.alloc(5000, 0xee)]));
  return { release, digest: sha256(text) };
}

test("[M11] a board begins with the release that was flashed, whole, and leaves nothing else of it on its disk", async () => {
  const { release, digest } = await flash(["one", "two", "x".repeat(70_000)]);
  expect(await beginWithFactory(dataDir, find)).toEqual(release);
  expect(await verifyInstalled(dataDir, digest)).toEqual(release);
  expect(await readRecord(dataDir)).toMatchObject({ current: { digest, generation: 1 } });
  expect(readdirSync(dataDir).sort()).toEqual(["releases", "state"]);
});

test("[M11] a board that has a release does not look for one", async () => {
  const { digest } = await flash(["one"]);
  await beginWithFactory(dataDir, find);
  await flash(["another"]);
  const nowhere = () => Promise.reject(new Error("it was looked for"));
  expect(await beginWithFactory(dataDir, nowhere)).toBeUndefined();
  expect(await readRecord(dataDir)).toMatchObject({ current: { digest } });
});

test("[M11] a first start that was cut off anywhere before its record begins anew", async () => {
  const { digest } = await flash(["one", "two"]);
  await beginWithFactory(dataDir, find);
  rmSync(join(dataDir, "state"), { recursive: true });
  mkdirSync(join(dataDir, "releases", `${digest}.new`, "artifacts", "half"), { recursive: true });
  expect(await beginWithFactory(dataDir, find)).toMatchObject({ name: "spec" });
  expect(readdirSync(join(dataDir, "releases"))).toEqual([digest]);
});

test("[M11] a byte that is not as it was flashed leaves a board without a release, with the way out, and nothing of it on the disk", async () => {
  const { digest } = await flash(["one", "two"]);
  const good = readFileSync(place);
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 5001), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ flip;
      writeFileSync(place, bad);
      const outcome = await beginWithFactory(dataDir, find).catch((error: unknown) => error);
      const isInHead = at < 512;
      // Behind the head's text nothing is looked at.
      if (isInHead && !(outcome instanceof BulkheadError)) expect(outcome).toMatchObject({ name: "spec" });
      else expect(outcome).toMatchObject({ code: expect.stringMatching(/^RELEASE_(INVALID|ARTIFACT_ALTERED)$/) });
      if (!(outcome instanceof BulkheadError)) expect(await readRecord(dataDir)).toMatchObject({ current: { digest } });
      else {
        expect(outcome.remedy).toContain("flash");
        expect(await readRecord(dataDir)).toBeNull();
        expect(existsSync(join(dataDir, "releases")) ? readdirSync(join(dataDir, "releases")) : []).toEqual([]);
      }
      rmSync(dataDir, { recursive: true });
      mkdirSync(dataDir);
    }),
    { numRuns: 20 },
  );
});

test.each([
  ["is empty", Buffer.alloc(8192)],
  ["was cut off", undefined],
  ["is of a format to come", Buffer.from('{"format":2}')],
])("[M11] a board whose card's release %s is told how to come to one", async (_, bytes) => {
  await flash(["one"]);
  writeFileSync(place, bytes ?? readFileSync(place).subarray(0, 900));
  await expect(beginWithFactory(dataDir, find)).rejects.toMatchObject({ remedy: expect.stringContaining("flash") });
  expect(await readRecord(dataDir)).toBeNull();
});
