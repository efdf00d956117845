import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canonicalJson, type Release, sha256 } from "@bulkhead/protocol";
import { plainSystem } from "@bulkhead/protocol/testing";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { collectGarbage, installFactoryRelease, installRelease, verifyInstalled } from "./install.ts";
import { assignUids, firstRecord } from "./record.ts";
import { readRecord, writeRecord } from "./slots.ts";
import { treeDigest } from "./tree/index.ts";

let scratch = "";
let dataDir = "";
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "bulkhead-store-"));
  dataDir = join(scratch, "data");
  await mkdir(join(dataDir, "releases"), { recursive: true });
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

const record = (n: number) =>
  assignUids(firstRecord(n.toString(16).padStart(64, "0"), { releaseCounter: n, securityEpoch: 0 }), []);

describe("the two slots", () => {
  test("[K2] what was written last is read, and nothing where nothing was", async () => {
    expect(await readRecord(dataDir)).toBeNull();
    for (const n of [1, 2, 3]) {
      await writeRecord(dataDir, record(n));
      expect(await readRecord(dataDir)).toEqual(record(n));
    }
    expect((await readdir(join(dataDir, "state"))).sort()).toEqual(["a", "b"]);
  });

  test("[K2] any damage to the newer slot brings the older record back, never a third thing", async () => {
    await writeRecord(dataDir, record(1));
    await writeRecord(dataDir, record(2));
    const newer = join(dataDir, "state", "b");
    const good = await readFile(newer);
    const damage = fc.oneof(
      fc.nat(good.length - 1).map((length) => good.subarray(0, length)),
      fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, flip]) => {
        const bad = Buffer.from(good);
        bad[at] = (bad[at] ?? 0) ^ flip;
        return bad;
      }),
      fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
    );
    await fc.assert(
      fc.asyncProperty(damage, async (bytes) => {
        await writeFile(newer, bytes);
        expect(await readRecord(dataDir)).toEqual(record(1));
      }),
      { numRuns: 150 },
    );
  });

  test("[K2] the slot that is damaged is the next to be written", async () => {
    await writeRecord(dataDir, record(1));
    await writeRecord(dataDir, record(2));
    await writeFile(join(dataDir, "state", "a"), "garbage");
    await writeRecord(dataDir, record(3));
    await writeFile(join(dataDir, "state", "b"), "garbage");
    expect(await readRecord(dataDir)).toEqual(record(3));
  });

  test("two damaged slots are an error with a way out, not a device without a release", async () => {
    await writeRecord(dataDir, record(1));
    await writeFile(join(dataDir, "state", "a"), "garbage");
    await expect(readRecord(dataDir)).rejects.toMatchObject({ code: "STATE_DAMAGED", remedy: expect.any(String) });
  });
});

describe("installing", () => {
  async function makeRelease(content: string, releaseCounter: number) {
    const artifacts = join(scratch, `from-${releaseCounter}`, "artifacts");
    await mkdir(join(artifacts, "new"), { recursive: true });
    await writeFile(join(artifacts, "new", "main.js"), content);
    const artifact = await treeDigest(join(artifacts, "new"));
    await mkdir(join(artifacts, artifact.digest));
    await writeFile(join(artifacts, artifact.digest, "main.js"), content);
    await rm(join(artifacts, "new"), { recursive: true });
    const release: Release = {
      format: 1,
      name: "spec",
      version: "1.0.0",
      releaseCounter,
      securityEpoch: 0,
      board: "virtual",
      builtAtMs: 0,
      system: plainSystem({ system: "spec" }),
      artifacts: [artifact],
    };
    const text = canonicalJson(release);
    const endorsed = join(scratch, `from-${releaseCounter}`, sha256(text));
    await mkdir(join(endorsed, "artifacts"), { recursive: true });
    await writeFile(join(endorsed, "release.json"), text);
    const tree = join(endorsed, "artifacts", artifact.digest);
    await mkdir(tree);
    await writeFile(join(tree, "main.js"), content);
    return { release, digest: sha256(text), endorsed, artifacts, tree, artifact };
  }

  test("[M11] a flashed release is installed and can be verified; flashing twice is refused", async () => {
    const { release, artifacts, digest } = await makeRelease("one", 1);
    expect(await installFactoryRelease(dataDir, release, artifacts)).toBe(digest);
    expect(await verifyInstalled(dataDir, digest)).toEqual(release);
    expect(await readRecord(dataDir)).toMatchObject({ current: { digest, generation: 1 } });
    await expect(installFactoryRelease(dataDir, release, artifacts)).rejects.toMatchObject({ code: "CONFLICT" });
  });

  test("[M11] an endorsed release is copied and what is in its place afterwards makes no difference", async () => {
    const { release, digest, endorsed, tree } = await makeRelease("two", 2);
    expect(await installRelease(dataDir, endorsed)).toEqual(release);
    await writeFile(join(tree, "main.js"), "evil");
    expect(await installRelease(dataDir, endorsed)).toEqual(release);
    expect(await verifyInstalled(dataDir, digest)).toEqual(release);
  });

  test("[M11] an artifact that is not endorsed again is taken from an installed release", async () => {
    const { release, artifacts } = await makeRelease("one", 1);
    await installFactoryRelease(dataDir, release, artifacts);
    const next = await makeRelease("one", 2);
    await rm(next.tree, { recursive: true });
    await installRelease(dataDir, next.endorsed);
    expect(await verifyInstalled(dataDir, next.digest)).toEqual(next.release);
  });

  test("[M11] of an artifact that several have it is taken where the disk has not damaged it", async () => {
    const { release, artifacts, digest } = await makeRelease("one", 1);
    await installFactoryRelease(dataDir, release, artifacts);
    const second = await makeRelease("one", 2);
    await installRelease(dataDir, second.endorsed);
    const fileOf = (one: string) =>
      join(dataDir, "releases", one, "artifacts", release.artifacts[0]?.digest ?? "", "main.js");
    const good = await readFile(fileOf(digest));
    for (const [counter, damaged] of [digest, second.digest].entries()) {
      await writeFile(fileOf(damaged), "evil");
      const next = await makeRelease("one", 3 + counter);
      await rm(next.tree, { recursive: true });
      expect(await installRelease(dataDir, next.endorsed)).toEqual(next.release);
      await rm(join(dataDir, "releases", next.digest), { recursive: true });
      await writeFile(fileOf(damaged), good);
    }
  });

  test.each([
    ["a changed file", "RELEASE_ARTIFACT_ALTERED", async (made: Made) => writeFile(join(made.tree, "main.js"), "evil")],
    ["a file more", "RELEASE_ARTIFACT_ALTERED", async (made: Made) => writeFile(join(made.tree, "more.js"), "x")],
    ["a link", "RELEASE_INVALID", async (made: Made) => symlink("/etc/passwd", join(made.tree, "link"))],
    ["no artifact", "RELEASE_INVALID", async (made: Made) => rm(made.tree, { recursive: true })],
    [
      "another document",
      "RELEASE_ARTIFACT_ALTERED",
      async (made: Made) => writeFile(join(made.endorsed, "release.json"), "{}"),
    ],
    ["no document", "RELEASE_NOT_ENDORSED", async (made: Made) => rm(join(made.endorsed, "release.json"))],
    [
      "a document that is a link",
      "RELEASE_NOT_ENDORSED",
      async (made: Made) => {
        await rm(join(made.endorsed, "release.json"));
        await symlink("/etc/passwd", join(made.endorsed, "release.json"));
      },
    ],
  ])("[M11] %s: %s, and nothing is installed", async (_, code, spoil) => {
    const made = await makeRelease("one", 1);
    await spoil(made);
    await expect(installRelease(dataDir, made.endorsed)).rejects.toMatchObject({ code });
    await collectGarbage(dataDir, []);
    expect(await readdir(join(dataDir, "releases"))).toEqual([]);
  });

  test("[K22] damage to what is installed is found, and a new installation mends it", async () => {
    const { digest, endorsed, artifact } = await makeRelease("one", 1);
    await installRelease(dataDir, endorsed);
    await writeFile(join(dataDir, "releases", digest, "artifacts", artifact.digest, "main.js"), "evil");
    await expect(verifyInstalled(dataDir, digest)).rejects.toMatchObject({ code: "RELEASE_ARTIFACT_ALTERED" });
    await installRelease(dataDir, endorsed);
    await verifyInstalled(dataDir, digest);
  });

  test("garbage collection keeps what it is told to and removes what a cut installation left", async () => {
    const one = await makeRelease("one", 1);
    const two = await makeRelease("two", 2);
    await installRelease(dataDir, one.endorsed);
    await installRelease(dataDir, two.endorsed);
    await mkdir(join(dataDir, "releases", "half.new"));
    await collectGarbage(dataDir, [two.digest]);
    expect(await readdir(join(dataDir, "releases"))).toEqual([two.digest]);
  });

  test("[K17] of a release that is not kept stays what components run from, which is no release, and none that is installed takes it away", async () => {
    const one = await makeRelease("one", 1);
    const two = await makeRelease("two", 2);
    await installRelease(dataDir, one.endorsed);
    await installRelease(dataDir, two.endorsed);
    const place = join("releases", one.digest, "artifacts");
    await mkdir(join(dataDir, place, "unused"));
    const used = join(place, one.artifact.digest);
    for (let times = 0; times < 2; times += 1) await collectGarbage(dataDir, [two.digest], [used]);
    expect(await readdir(join(dataDir, "releases", one.digest))).toEqual(["artifacts"]);
    expect(await readdir(join(dataDir, place))).toEqual([one.artifact.digest]);
    expect(await readFile(join(dataDir, used, "main.js"), "utf8")).toBe("one");
    await expect(verifyInstalled(dataDir, one.digest)).rejects.toMatchObject({ code: "RELEASE_ARTIFACT_ALTERED" });
    await expect(installRelease(dataDir, one.endorsed, true)).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await readFile(join(dataDir, used, "main.js"), "utf8")).toBe("one");
    await collectGarbage(dataDir, [two.digest]);
    expect(await readdir(join(dataDir, "releases"))).toEqual([two.digest]);
  });

  type Made = Awaited<ReturnType<typeof makeRelease>>;
});
