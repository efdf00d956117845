/** What is signed is what was built, and no more of it than a device takes. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canonicalJson, maxBlobBytes, type Release, sha256 } from "@bulkhead/protocol";
import { plainSystem } from "@bulkhead/protocol/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nameBase } from "../build/base.ts";
import { readRelease } from "./release-file.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-release-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const part = (name: string, length: number) => ({ digest: sha256(name), length });
const release = (...lengths: number[]): Release => ({
  ...{ format: 1, name: "example", version: "1.0.0", releaseCounter: 1, securityEpoch: 0, board: "virtual" },
  ...{ builtAtMs: 0, system: plainSystem({ system: "example" }) },
  artifacts: lengths.map((length, at) => part(`${at}`, length)),
});

test("[M11] a release whose artifacts are together larger than a device takes is not signed", async () => {
  const write = (one: Release) => writeFile(join(directory, "release.json"), canonicalJson(one));
  await write(release(maxBlobBytes, maxBlobBytes));
  await expect(readRelease(directory)).resolves.toBeDefined();
  await write(release(maxBlobBytes, maxBlobBytes, 1));
  await expect(readRelease(directory)).rejects.toMatchObject({
    ...{ code: "RELEASE_INVALID", message: expect.stringMatching(/1073741825 bytes together/) },
  });
});

test("[M11] nor built with a base system that makes it so", async () => {
  const built = (length: number) => ({ release: release(length), releaseDigest: "", dir: directory, contents: [] });
  const base = { digest: sha256("base"), parts: { boot: part("boot", 4096), root: part("root", maxBlobBytes) } };
  await expect(nameBase(built(maxBlobBytes - 4096), base)).resolves.toBeDefined();
  await expect(nameBase(built(maxBlobBytes - 4095), base)).rejects.toMatchObject({ code: "RELEASE_INVALID" });
});
