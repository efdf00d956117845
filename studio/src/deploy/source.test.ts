/** What the management service is given of a release that is signed here, readable or encrypted. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ReleaseSummary } from "@bulkhead/kms";
import { canonicalJson, generateSigningKey, generateX25519Key, type Release, sha256 } from "@bulkhead/protocol";
import { plainSystem } from "@bulkhead/protocol/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { StudioClient } from "../api/client.ts";
import { developmentRing, initKeys } from "../keys/index.ts";
import { initRepository, signRelease, signTargets } from "../sign/index.ts";
import { findTarget, readSigned, uploadFiles } from "./source.ts";

let directory = "";
const at = (name: string) => join(directory, name);
const archive = "an artifact";
const artifact = { digest: sha256(archive), length: archive.length };
const release: Release = {
  ...{ format: 1, name: "example", version: "1.0.0", releaseCounter: 1, securityEpoch: 0, board: "virtual" },
  ...{ builtAtMs: 0, system: plainSystem({ system: "example" }), artifacts: [artifact] },
};
const text = canonicalJson(release);
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-source-"));
  await initKeys(at("keys"), "development");
  const [snapshotKey, timestampKey] = [generateSigningKey().publicKey, generateSigningKey().publicKey];
  await initRepository(await developmentRing(at("keys")), at("repository"), { snapshotKey, timestampKey });
  await mkdir(at("out/blobs"), { recursive: true });
  await writeFile(at("out/release.json"), text);
  await writeFile(join(at("out/blobs"), artifact.digest), archive);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const sign = async (recipients?: string[]) =>
  signRelease({
    keys: await developmentRing(at("keys")),
    repoDir: at("repository"),
    releaseDir: at("out"),
    recipients,
  });

/** A service that has nothing yet; what it is given, by the digest that it is given under. */
async function given(): Promise<Map<string, string>> {
  const blobs = new Map<string, string>();
  const client = {
    hasBlob: async (digest: string) => blobs.has(digest),
    uploadBlob: async (digest: string, bytes: Uint8Array) =>
      void blobs.set(digest, Buffer.from(bytes).toString("latin1")),
  } as Partial<StudioClient> as StudioClient;
  await uploadFiles(client, await readSigned(at("out"), at("repository")), at("repository"));
  return blobs;
}

describe("[S4] what is uploaded of a release", () => {
  test("is nothing where it is not signed as it is", async () => {
    await expect(given()).rejects.toMatchObject({ code: "RELEASE_INVALID" });
  });

  test("is nothing of one that a rollback statement has withdrawn, which no signing brings back", async () => {
    await sign();
    await writeFile(at("out/release.json"), canonicalJson({ ...release, releaseCounter: 2 }));
    await sign();
    await signTargets(await developmentRing(at("keys")), at("repository"), { rollbackTo: "example-1.json" });
    await expect(given()).rejects.toMatchObject({
      code: "RELEASE_SIGNATURE_INVALID",
      message: expect.stringMatching(/example-2\.json was withdrawn.*example-1\.json/),
      remedy: expect.not.stringContaining("bulkhead sign"),
    });
  });

  test("is its document and its artifacts", async () => {
    await sign();
    expect(Object.fromEntries(await given())).toEqual({ [sha256(text)]: text, [artifact.digest]: archive });
  });

  test("[S3] is the envelope and the files that it lists where it is encrypted, and nothing that can be read", async () => {
    await sign([generateX25519Key().publicKey]);
    const blobs = await given();
    expect(blobs.size).toBe(2);
    for (const [digest, bytes] of blobs) {
      expect(sha256(Buffer.from(bytes, "latin1"))).toBe(digest);
      expect([bytes.includes(archive), bytes.includes("startOrder")]).toEqual([false, false]);
    }
    await rm(at("repository/sealed"), { recursive: true });
    await expect(given()).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  });
});

test("[S8] a release that the service does not have says what it has, and how it gets one", () => {
  const had = { target: "example-1.json", digest: "a".repeat(64), uploadedAtMs: 1, isSigned: true } as ReleaseSummary;
  for (const [releases, says] of [
    [[], "none was uploaded yet"],
    [[had], "it has example-1.json"],
  ] as const) {
    const remedy = expect.stringMatching(new RegExp(`^${says}; .*bulkhead upload --release DIR`));
    expect(() => findTarget(releases, "example-2.json")).toThrow(
      expect.objectContaining({ code: "NOT_FOUND", remedy }),
    );
  }
});

test("[M11] a release that was withdrawn is not asked for, and is not offered", () => {
  const of = (counter: number, isSigned: boolean) =>
    ({ target: `example-${counter}.json`, digest: "a".repeat(64), uploadedAtMs: counter, isSigned }) as ReleaseSummary;
  const releases = [of(1, true), of(2, false)];
  expect(findTarget(releases, "example-1.json")).toMatchObject({ target: "example-1.json" });
  expect(() => findTarget(releases, "example-2.json")).toThrow(
    expect.objectContaining({
      ...{ code: "RELEASE_SIGNATURE_INVALID", message: expect.stringContaining("withdrawn") },
      // `export` and `deploy` both say it.
      remedy: expect.not.stringContaining("deploy"),
    }),
  );
  expect(() => findTarget(releases, "example-3.json")).toThrow(
    expect.objectContaining({ remedy: expect.stringMatching(/^it has example-1\.json; /) }),
  );
});
