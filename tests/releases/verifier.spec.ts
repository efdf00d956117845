/** What the verifier endorses and what it refuses, with real keys, real metadata and real archives. */
import { appendFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson, sha256 } from "@bulkhead/protocol";
import { treeDigest } from "@bulkhead/runtime";
import { describe, expect, test } from "vitest";
import { asked, useBench } from "./bench.ts";
import { createProject, signOnline } from "./project.ts";

const bench = useBench();

describe("the verifier", () => {
  test("[M11] endorses a signed release: examine names what is missing, install unpacks it and tells the root server", async () => {
    const built = await bench.publish(1);
    await bench.device.stage(built);
    const gate = await bench.device.boot();
    const { verdict, missing } = await gate.examine(asked(built));
    expect(verdict).toMatchObject({ accepted: true, code: null });
    expect(missing).toEqual(built.release.artifacts);
    expect(await gate.install(asked(built))).toMatchObject({ accepted: true, code: null });
    expect(bench.device.told).toEqual([{ kind: "activate", body: { releaseDigest: built.digest } }]);
    const endorsed = join(bench.device.directories.endorsed, built.digest);
    expect(sha256(await readFile(join(endorsed, "release.json")))).toBe(built.digest);
    const [artifact] = built.release.artifacts;
    expect(await treeDigest(join(endorsed, "artifacts", artifact?.digest ?? ""))).toEqual(artifact);
    expect((await gate.examine(asked(built))).missing).toEqual([]);
  });

  test("[M11] of what was endorsed the root server is told again after each start, until it says what became of it", async () => {
    const [built, next] = [await bench.publish(1), await bench.publish(2)];
    await bench.device.stage(built);
    const told = (releaseDigest: string) => ({ kind: "activate", body: { releaseDigest, again: true } });
    const since = async (count: number) => {
      await bench.device.boot();
      return bench.device.told.slice(count);
    };
    expect(await since(0)).toEqual([]);
    await (await bench.device.boot()).install(asked(built));
    expect(await since(1)).toEqual([told(built.digest)]);
    const gate = await bench.device.boot();
    await gate.heard({ releaseDigest: next.digest, outcome: "rolled-back", reason: "another" });
    expect(await since(3)).toEqual([told(built.digest)]);
    await gate.heard({ releaseDigest: built.digest, outcome: "rolled-back", reason: "it hangs" });
    expect(await since(4)).toEqual([]);
  });

  test("[M11] of two that were endorsed the root server is told again of both, in their order, until it has said of each what became of it; a damaged note stops nothing", async () => {
    const [one, two] = [await bench.publish(1), await bench.publish(2)];
    for (const built of [one, two]) await bench.install(built);
    const again = async () => {
      const count = bench.device.told.length;
      const gate = await bench.device.boot();
      return { gate, told: bench.device.told.slice(count) };
    };
    const toldOf = (...all: (typeof one)[]) =>
      all.map(({ digest }) => ({ kind: "activate", body: { releaseDigest: digest, again: true } }));
    const { gate, told } = await again();
    expect(told).toEqual(toldOf(one, two));
    // Asked for once more it keeps its place.
    expect(await gate.install(asked(one))).toMatchObject({ accepted: true });
    expect((await again()).told).toEqual(toldOf(one, two));
    // The root server has let the second go for a third.
    const three = await bench.publish(3);
    await bench.device.stage(three);
    expect(await gate.install(asked(three))).toMatchObject({ accepted: true });
    expect((await again()).told).toEqual(toldOf(one, three));
    await gate.heard({ releaseDigest: one.digest, outcome: "committed", reason: "good" });
    expect((await again()).told).toEqual(toldOf(three));
    const note = join(bench.device.directories.own, "pending.json");
    // One alone as a runtime reads it that had room for one.
    expect(JSON.parse(await readFile(note, "utf8")).value).toEqual({ releaseDigest: three.digest });
    await writeFile(note, "{}");
    expect((await again()).told).toEqual([]);
    expect(bench.device.lines.join()).toContain("pending.json is damaged");
  });

  test("[M11] what cannot be noted as endorsed is refused, and the root server hears nothing of it: a cut would lose it", async () => {
    const built = await bench.publish(1);
    await bench.device.stage(built);
    const gate = await bench.device.boot();
    // In the place of what is written beside the note.
    const beside = join(bench.device.directories.own, "pending.json.new");
    await mkdir(beside);
    expect(await gate.install(asked(built))).toMatchObject({ accepted: false });
    expect(bench.device.told).toEqual([]);
    await rm(beside, { recursive: true });
    expect(await gate.install(asked(built))).toMatchObject({ accepted: true });
    expect(bench.device.told).toEqual([{ kind: "activate", body: { releaseDigest: built.digest } }]);
  });

  test("[M11] artifacts that the root server has already are not asked for and not needed", async () => {
    const built = await bench.publish(1);
    await bench.device.stage(built);
    await rm(bench.device.staging.blobs, { recursive: true });
    const gate = await bench.device.boot({ installedArtifacts: built.release.artifacts.map(({ digest }) => digest) });
    expect((await gate.examine(asked(built))).missing).toEqual([]);
    expect(await gate.install(asked(built))).toMatchObject({ accepted: true });
  });

  test("[M11] a damaged endorsement is taken anew", async () => {
    const built = await bench.publish(1);
    await bench.install(built);
    const main = join(
      bench.device.directories.endorsed,
      built.digest,
      "artifacts",
      built.release.artifacts[0]?.digest ?? "",
      "main.js",
    );
    await appendFile(main, "damage");
    const gate = await bench.device.boot();
    expect((await gate.examine(asked(built))).missing).toHaveLength(1);
    expect(await gate.install(asked(built))).toMatchObject({ accepted: true });
    expect(await readFile(main, "utf8")).toBe("release 1");
  });

  test("[M11] a release signed by another project's key is refused", async () => {
    const other = await createProject();
    try {
      const foreign = await other.build(1, "evil");
      await other.sign(foreign);
      await signOnline(other.repoDir, bench.project.online, { version: 1 });
      await bench.device.stage(foreign);
      for (const name of ["1.targets.json", "1.snapshot.json", "timestamp.json"]) {
        await writeFile(join(bench.device.staging.metadata, name), await readFile(join(other.repoDir, name)));
      }
      const verdict = await (await bench.device.boot()).install(asked(foreign));
      expect(verdict).toMatchObject({ accepted: false, code: "RELEASE_SIGNATURE_INVALID" });
      expect(verdict.message).toContain("0/1 keys");
      expect(bench.device.told).toEqual([]);
    } finally {
      await other.remove();
    }
  });

  test.each([
    ["its header", 3],
    ["its content", 515],
    ["its padding", 600],
  ])("[M11] an artifact altered in %s is refused and leaves nothing behind", async (_, at) => {
    const built = await bench.publish(1);
    await bench.device.stage(built);
    const blob = join(bench.device.staging.blobs, built.release.artifacts[0]?.digest ?? "");
    const content = await readFile(blob);
    content[at] = (content[at] ?? 0) ^ 1;
    await writeFile(blob, content);
    const verdict = await (await bench.device.boot()).install(asked(built));
    expect(verdict).toMatchObject({ accepted: false, code: "RELEASE_ARTIFACT_ALTERED" });
    expect(await readdir(bench.device.directories.endorsed)).toEqual([]);
    expect(bench.device.told).toEqual([]);
  });

  test("[M11] an artifact with bytes behind its end is refused", async () => {
    const built = await bench.publish(1);
    await bench.device.stage(built);
    await appendFile(join(bench.device.staging.blobs, built.release.artifacts[0]?.digest ?? ""), "x");
    expect(await (await bench.device.boot()).install(asked(built))).toMatchObject({ code: "RELEASE_ARTIFACT_ALTERED" });
  });

  test("[M11] an altered release document is refused", async () => {
    const built = await bench.publish(1);
    await bench.device.stage(built);
    const altered = canonicalJson({ ...built.release, version: "6.6.6" });
    await writeFile(join(bench.device.staging.targets, `${built.digest}.${built.target}`), altered);
    expect(await (await bench.device.boot()).install(asked(built))).toMatchObject({
      accepted: false,
      code: "RELEASE_ARTIFACT_ALTERED",
    });
  });

  test("[M11] an agent that asks for one digest and stages another is refused", async () => {
    const [good, evil] = [await bench.publish(1), await bench.project.build(2, "evil")];
    await bench.device.stage(good);
    await bench.device.stage(evil);
    const gate = await bench.device.boot();
    expect(await gate.install({ target: good.target, releaseDigest: evil.digest })).toMatchObject({
      code: "RELEASE_SIGNATURE_INVALID",
    });
    expect(await gate.install(asked(evil))).toMatchObject({ code: "RELEASE_SIGNATURE_INVALID" });
    expect(await gate.install({ target: "../../etc/passwd", releaseDigest: good.digest })).toMatchObject({
      code: "RELEASE_SIGNATURE_INVALID",
    });
    expect(bench.device.told).toEqual([]);
  });

  test("[M11] what is good and not what was meant is refused before anything of it is endorsed", async () => {
    const built = await bench.publish(1);
    await bench.device.stage(built);
    const gate = await bench.device.boot();
    const meant = sha256("another");
    const refused = { accepted: false, code: "EXPORT_INVALID", message: expect.stringContaining(`${meant} is meant`) };
    expect(await gate.examine({ ...asked(built), meant })).toMatchObject({ verdict: refused, missing: [] });
    expect(await gate.install({ ...asked(built), meant })).toMatchObject(refused);
    expect([await readdir(bench.device.directories.endorsed), bench.device.told]).toEqual([[], []]);
    expect(await gate.install({ ...asked(built), meant: built.digest })).toMatchObject({ accepted: true });
  });

  test("[M11] a lower release counter is refused with both numbers; the same counter with another content too", async () => {
    const old = await bench.publish(3);
    await bench.device.stage(old);
    const verdict = await (await bench.device.boot({ releaseCounterFloor: 5 })).install(asked(old));
    expect(verdict).toMatchObject({ accepted: false, code: "RELEASE_ROLLBACK" });
    expect(verdict.message).toMatch(/counter 3.* at 5/);
    expect(await (await bench.device.boot({ releaseCounterFloor: 3 })).install(asked(old))).toMatchObject({
      code: "RELEASE_ROLLBACK",
    });
    const same = { releaseCounterFloor: 3, currentReleaseDigest: old.digest };
    expect(await (await bench.device.boot(same)).install(asked(old))).toMatchObject({ accepted: true });
  });

  test("[M11] a lower security epoch is refused", async () => {
    const built = await bench.publish(9);
    await bench.device.stage(built);
    const verdict = await (await bench.device.boot({ securityEpoch: 2 })).install(asked(built));
    expect(verdict).toMatchObject({ code: "RELEASE_ROLLBACK" });
    expect(verdict.message).toContain("epoch 0");
  });

  test("[M11] a release for another board is refused", async () => {
    const built = await bench.publish(1);
    await bench.device.stage(built);
    expect(await (await bench.device.boot({ board: "other" })).install(asked(built))).toMatchObject({
      code: "RELEASE_WRONG_BOARD",
    });
  });

  test("[M11] a signed release that gives itself privileges is refused", async () => {
    const { release } = await bench.project.build(1, "x");
    const one = release.system.components["one"];
    if (one === undefined) throw new Error("the test release has no component one");
    const components = { ...release.system.components, one: { ...one, role: "core" as const } };
    const built = await bench.publish(2, "x", { system: { ...release.system, components } });
    const verdict = await bench.install(built);
    expect(verdict).toMatchObject({ code: "RELEASE_INVALID" });
    expect(verdict.message).toContain("one cannot have the role core");
  });
});
