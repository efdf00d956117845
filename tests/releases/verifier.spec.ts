import { execFile } from "node:child_process";
import { appendFile, mkdir, readdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { canonicalJson, generateSigningKey, sha256 } from "@bulkhead/protocol";
import { treeDigest } from "@bulkhead/runtime";
import { initKeys, rotateRoot } from "@bulkhead/studio";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type BuiltForTest,
  createDevice,
  createProject,
  type Project,
  publicHalves,
  signOnline,
  type TestDevice,
} from "./project.ts";

let project: Project;
let device: TestDevice;
beforeEach(async () => {
  project = await createProject();
  device = await createDevice(project);
});
afterEach(() => project.remove());

const asked = (built: BuiltForTest) => ({ target: built.target, releaseDigest: built.digest });

/** Builds, signs and publishes a release, as metadata version `counter`. */
async function publish(counter: number, content = `release ${counter}`, change = {}): Promise<BuiltForTest> {
  const built = await project.build(counter, content, change);
  await project.sign(built);
  await signOnline(project.repoDir, project.online, { version: counter });
  return built;
}

async function install(built: BuiltForTest) {
  await device.stage(built);
  return (await device.boot()).install(asked(built));
}

describe("the verifier", () => {
  test("[M11] endorses a signed release: examine names what is missing, install unpacks it and tells the root server", async () => {
    const built = await publish(1);
    await device.stage(built);
    const gate = await device.boot();
    const { verdict, missing } = await gate.examine(asked(built));
    expect(verdict).toMatchObject({ accepted: true, code: null });
    expect(missing).toEqual(built.release.artifacts);
    expect(await gate.install(asked(built))).toMatchObject({ accepted: true, code: null });
    expect(device.told).toEqual([{ kind: "activate", body: { releaseDigest: built.digest } }]);
    const endorsed = join(device.directories.endorsed, built.digest);
    expect(sha256(await readFile(join(endorsed, "release.json")))).toBe(built.digest);
    const [artifact] = built.release.artifacts;
    expect(await treeDigest(join(endorsed, "artifacts", artifact?.digest ?? ""))).toEqual(artifact);
    expect((await gate.examine(asked(built))).missing).toEqual([]);
  });

  test("[M11] artifacts that the root server has already are not asked for and not needed", async () => {
    const built = await publish(1);
    await device.stage(built);
    await rm(device.staging.blobs, { recursive: true });
    const gate = await device.boot({ installedArtifacts: built.release.artifacts.map(({ digest }) => digest) });
    expect((await gate.examine(asked(built))).missing).toEqual([]);
    expect(await gate.install(asked(built))).toMatchObject({ accepted: true });
  });

  test("[M11] a damaged endorsement is taken anew", async () => {
    const built = await publish(1);
    await install(built);
    const main = join(
      device.directories.endorsed,
      built.digest,
      "artifacts",
      built.release.artifacts[0]?.digest ?? "",
      "main.js",
    );
    await appendFile(main, "damage");
    const gate = await device.boot();
    expect((await gate.examine(asked(built))).missing).toHaveLength(1);
    expect(await gate.install(asked(built))).toMatchObject({ accepted: true });
    expect(await readFile(main, "utf8")).toBe("release 1");
  });

  test("[M11] a release signed by another project's key is refused", async () => {
    const other = await createProject();
    try {
      const foreign = await other.build(1, "evil");
      await other.sign(foreign);
      await signOnline(other.repoDir, project.online, { version: 1 });
      await device.stage(foreign);
      for (const name of ["1.targets.json", "1.snapshot.json", "timestamp.json"]) {
        await writeFile(join(device.staging.metadata, name), await readFile(join(other.repoDir, name)));
      }
      const verdict = await (await device.boot()).install(asked(foreign));
      expect(verdict).toMatchObject({ accepted: false, code: "RELEASE_SIGNATURE_INVALID" });
      expect(verdict.message).toContain("0/1 keys");
      expect(device.told).toEqual([]);
    } finally {
      await other.remove();
    }
  });

  test.each([
    ["its header", 3],
    ["its content", 515],
    ["its padding", 600],
  ])("[M11] an artifact altered in %s is refused and leaves nothing behind", async (_, at) => {
    const built = await publish(1);
    await device.stage(built);
    const blob = join(device.staging.blobs, built.release.artifacts[0]?.digest ?? "");
    const content = await readFile(blob);
    content[at] = (content[at] ?? 0) ^ 1;
    await writeFile(blob, content);
    const verdict = await (await device.boot()).install(asked(built));
    expect(verdict).toMatchObject({ accepted: false, code: "RELEASE_ARTIFACT_ALTERED" });
    expect(await readdir(device.directories.endorsed)).toEqual([]);
    expect(device.told).toEqual([]);
  });

  test("[M11] an artifact with bytes behind its end is refused", async () => {
    const built = await publish(1);
    await device.stage(built);
    await appendFile(join(device.staging.blobs, built.release.artifacts[0]?.digest ?? ""), "x");
    expect(await (await device.boot()).install(asked(built))).toMatchObject({ code: "RELEASE_ARTIFACT_ALTERED" });
  });

  test("[M11] an altered release document is refused", async () => {
    const built = await publish(1);
    await device.stage(built);
    const altered = canonicalJson({ ...built.release, version: "6.6.6" });
    await writeFile(join(device.staging.targets, `${built.digest}.${built.target}`), altered);
    expect(await (await device.boot()).install(asked(built))).toMatchObject({
      accepted: false,
      code: "RELEASE_ARTIFACT_ALTERED",
    });
  });

  test("[M11] an agent that asks for one digest and stages another is refused", async () => {
    const [good, evil] = [await publish(1), await project.build(2, "evil")];
    await device.stage(good);
    await device.stage(evil);
    const gate = await device.boot();
    expect(await gate.install({ target: good.target, releaseDigest: evil.digest })).toMatchObject({
      code: "RELEASE_SIGNATURE_INVALID",
    });
    expect(await gate.install(asked(evil))).toMatchObject({ code: "RELEASE_SIGNATURE_INVALID" });
    expect(await gate.install({ target: "../../etc/passwd", releaseDigest: good.digest })).toMatchObject({
      code: "RELEASE_SIGNATURE_INVALID",
    });
    expect(device.told).toEqual([]);
  });

  test("[M11] a lower release counter is refused with both numbers; the same counter with another content too", async () => {
    const old = await publish(3);
    await device.stage(old);
    const verdict = await (await device.boot({ currentReleaseCounter: 5 })).install(asked(old));
    expect(verdict).toMatchObject({ accepted: false, code: "RELEASE_ROLLBACK" });
    expect(verdict.message).toMatch(/counter 3.* at 5/);
    expect(await (await device.boot({ currentReleaseCounter: 3 })).install(asked(old))).toMatchObject({
      code: "RELEASE_ROLLBACK",
    });
    const same = { currentReleaseCounter: 3, currentReleaseDigest: old.digest };
    expect(await (await device.boot(same)).install(asked(old))).toMatchObject({ accepted: true });
  });

  test("[M11] a lower security epoch is refused", async () => {
    const built = await publish(9);
    await device.stage(built);
    const verdict = await (await device.boot({ securityEpoch: 2 })).install(asked(built));
    expect(verdict).toMatchObject({ code: "RELEASE_ROLLBACK" });
    expect(verdict.message).toContain("epoch 0");
  });

  test("[M11] a release for another board is refused", async () => {
    const built = await publish(1);
    await device.stage(built);
    expect(await (await device.boot({ board: "other" })).install(asked(built))).toMatchObject({
      code: "RELEASE_WRONG_BOARD",
    });
  });

  test("[M11] a signed release that gives itself privileges is refused", async () => {
    const { release } = await project.build(1, "x");
    const one = release.system.components["one"];
    const components = { ...release.system.components, one: { ...one, role: "core" as const } };
    const built = await publish(2, "x", { system: { ...release.system, components } });
    const verdict = await install(built);
    expect(verdict).toMatchObject({ code: "RELEASE_INVALID" });
    expect(verdict.message).toContain("one cannot have the role core");
  });
});

describe("TUF metadata on the device", () => {
  test("[M11] an expired timestamp is refused, and works again when the service signs a new one", async () => {
    const built = await project.build(1, "x");
    await project.sign(built);
    await signOnline(project.repoDir, project.online, { version: 1, expiresInMs: -5_000 });
    expect(await install(built)).toMatchObject({ code: "RELEASE_METADATA_EXPIRED" });
    await signOnline(project.repoDir, project.online, { version: 2 });
    expect(await install(built)).toMatchObject({ accepted: true });
  });

  test("[M11] a clock that was turned back does not make expired metadata good: the floor is what was signed", async () => {
    const first = await publish(1);
    expect(await install(first)).toMatchObject({ accepted: true });
    const second = await project.build(2, "y");
    await project.sign(second);
    await signOnline(project.repoDir, project.online, { version: 2, expiresInMs: -90_000 });
    // Before the expiry by the turned clock, after it by the build time of the first release (a minute ago).
    device.clock.offsetMs = -3_600_000;
    expect(await install(second)).toMatchObject({ code: "RELEASE_METADATA_EXPIRED" });
  });

  test("[M11] a host clock far ahead makes metadata expire but does not raise the floor", async () => {
    const built = await publish(1);
    device.clock.offsetMs = 100 * 365 * 86_400_000;
    expect(await install(built)).toMatchObject({ code: "RELEASE_METADATA_EXPIRED" });
    device.clock.offsetMs = 0;
    expect(await install(built)).toMatchObject({ accepted: true });
  });

  test("[M11] a replayed older timestamp is refused, also after a restart of the verifier", async () => {
    const first = await publish(1);
    const replayed = await readFile(join(project.repoDir, "timestamp.json"));
    const second = await publish(2);
    expect(await install(second)).toMatchObject({ accepted: true });
    await device.stage(first);
    await writeFile(join(device.staging.metadata, "timestamp.json"), replayed);
    const verdict = await (await device.boot()).install(asked(first));
    expect(verdict).toMatchObject({ accepted: false, code: "RELEASE_ROLLBACK" });
    expect(verdict.message).toContain("older");
  });

  test("[M11] a service whose online keys were stolen cannot point back to older targets", async () => {
    await publish(1);
    const second = await publish(2);
    expect(await install(second)).toMatchObject({ accepted: true });
    await signOnline(project.repoDir, project.online, { version: 3, targetsVersion: 1 });
    expect(await install(second)).toMatchObject({ accepted: false, code: "RELEASE_ROLLBACK" });
  });

  test("[M11] root rotation: new online keys take over, the old ones are refused", async () => {
    const first = await publish(1);
    expect(await install(first)).toMatchObject({ accepted: true });
    const fresh = { snapshot: generateSigningKey(), timestamp: generateSigningKey() };
    await rotateRoot(project.keysDir, project.repoDir, publicHalves(fresh));
    const second = await project.build(2, "y");
    await project.sign(second);
    await signOnline(project.repoDir, project.online, { version: 2 });
    expect(await install(second)).toMatchObject({ code: "RELEASE_SIGNATURE_INVALID" });
    await signOnline(project.repoDir, fresh, { version: 2 });
    expect(await install(second)).toMatchObject({ accepted: true });
  });

  test("[M11] fast-forward by a thief of the online keys is undone by rotating them", async () => {
    const first = await publish(1);
    await signOnline(project.repoDir, project.online, { version: 900_000 });
    expect(await install(first)).toMatchObject({ accepted: true });
    await signOnline(project.repoDir, project.online, { version: 2 });
    expect(await install(first)).toMatchObject({ code: "RELEASE_ROLLBACK" });
    const fresh = { snapshot: generateSigningKey(), timestamp: generateSigningKey() };
    await rotateRoot(project.keysDir, project.repoDir, publicHalves(fresh));
    await signOnline(project.repoDir, fresh, { version: 2 });
    expect(await install(first)).toMatchObject({ accepted: true });
  });

  test("[M11] a root with one signature of two is refused", async () => {
    const built = await publish(1);
    await rotateRoot(project.keysDir, project.repoDir, publicHalves(project.online));
    const file = join(project.repoDir, "2.root.json");
    const root = JSON.parse(await readFile(file, "utf8"));
    await writeFile(file, JSON.stringify({ ...root, signatures: root.signatures.slice(0, 1) }));
    const verdict = await install(built);
    expect(verdict).toMatchObject({ code: "RELEASE_SIGNATURE_INVALID" });
    expect(verdict.message).toContain("1/2 keys");
  });

  test.each(["root.json", "timestamp.json", "snapshot.json", "targets.json", "generation.json"])(
    "[M11] a power cut that truncated %s costs one generation of memory, not the updates",
    async (name) => {
      expect(await install(await publish(1))).toMatchObject({ accepted: true });
      expect(await install(await publish(2))).toMatchObject({ accepted: true });
      await truncate(join(device.directories.own, "tuf/2", name), 20);
      const third = await publish(3);
      expect(await install(third)).toMatchObject({ accepted: true });
      expect(device.lines.join()).toContain("generation 2 is damaged");
    },
  );

  test("[M11] with every generation damaged, trust starts again at the pinned root", async () => {
    expect(await install(await publish(1))).toMatchObject({ accepted: true });
    await truncate(join(device.directories.own, "tuf/1/root.json"), 0);
    expect(await install(await publish(2))).toMatchObject({ accepted: true });
  });

  test("[M11] refused metadata leaves what was trusted as it was", async () => {
    expect(await install(await publish(1))).toMatchObject({ accepted: true });
    const before = await readdir(join(device.directories.own, "tuf"));
    const second = await publish(2);
    await device.stage(second);
    await writeFile(join(device.staging.metadata, "2.targets.json"), "{}");
    expect(await (await device.boot()).install(asked(second))).toMatchObject({ code: "RELEASE_METADATA_INVALID" });
    expect((await readdir(join(device.directories.own, "tuf"))).filter((name) => name !== "new")).toEqual(
      before.filter((name) => name !== "new"),
    );
  });

  test("[M11] a pinned root with a key of small order is refused at the start", async () => {
    const root = JSON.parse(device.config.provisioning.tufRoot);
    const [id = ""] = Object.keys(root.signed.keys);
    root.signed.keys[id].keyval.public = `01${"00".repeat(31)}`;
    const provisioning = { ...device.config.provisioning, tufRoot: JSON.stringify(root) };
    await expect(device.boot({ provisioning })).rejects.toMatchObject({ code: "KEY_WEAK" });
  });
});

describe("hostile staging", () => {
  const run = promisify(execFile);

  test.each<[string, (path: string) => Promise<unknown>]>([
    ["a symbolic link", (path) => symlink("/etc/passwd", path)],
    ["a FIFO", (path) => run("mkfifo", [path])],
    ["a directory", (path) => mkdir(path)],
    ["a giant", (path) => writeFile(path, "").then(() => truncate(path, 2 ** 40))],
    ["an empty file", (path) => writeFile(path, "")],
    ["JSON that is no metadata", (path) => writeFile(path, "[[[]]]")],
  ])("[M11] %s in place of any staged file gives a coded refusal", async (_, replace) => {
    const built = await publish(1);
    const [digest = ""] = built.release.artifacts.map((artifact) => artifact.digest);
    const { metadata, targets, blobs } = device.staging;
    const places = [
      join(metadata, "timestamp.json"),
      join(metadata, "1.snapshot.json"),
      join(metadata, "1.targets.json"),
      join(metadata, "2.root.json"),
      join(targets, `${built.digest}.${built.target}`),
      join(blobs, digest),
    ];
    for (const place of places) {
      await device.stage(built);
      await rm(place, { force: true });
      await replace(place);
      const verdict = await (await device.boot()).install(asked(built));
      expect([place, verdict.accepted]).toEqual([place, false]);
      expect(verdict.code).toMatch(/^RELEASE_/);
      await rm(place, { recursive: true });
    }
    expect(device.told).toEqual([]);
    await device.stage(built);
    expect(await (await device.boot()).install(asked(built))).toMatchObject({ accepted: true });
  });

  test("[M11] a link in place of a staging directory is refused", async () => {
    const built = await publish(1);
    await device.stage(built);
    await rename(device.staging.metadata, `${device.staging.metadata}-moved`);
    await symlink(`${device.staging.metadata}-moved`, device.staging.metadata);
    expect(await (await device.boot()).install(asked(built))).toMatchObject({ code: "RELEASE_INVALID" });
  });

  test("[M11] too many requests at once are refused, the others answered", async () => {
    const built = await publish(1);
    await device.stage(built);
    const gate = await device.boot();
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => gate.examine(asked(built))));
    expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(8);
    for (const answer of answers.slice(8)) expect(answer).toMatchObject({ reason: { code: "IPC_OVERLOADED" } });
  });
});

describe("signing", () => {
  test("[M11] a counter that is signed cannot be signed again for another content", async () => {
    await publish(1, "one");
    const other = await project.build(1, "two");
    await expect(project.sign(other)).rejects.toMatchObject({ code: "RELEASE_ROLLBACK" });
  });

  test("[M11] keys that the root does not name cannot sign", async () => {
    const keysDir = join(project.root, "other-keys");
    await initKeys(keysDir);
    await expect(project.sign(await project.build(1, "x"), keysDir)).rejects.toMatchObject({ code: "KEYS_INVALID" });
  });

  test("[M11] a root needs two of the three root keys, and two are enough", async () => {
    await rm(join(project.keysDir, "root-1.json"));
    expect(await rotateRoot(project.keysDir, project.repoDir, publicHalves(project.online))).toMatchObject({
      version: 2,
    });
    await rm(join(project.keysDir, "root-2.json"));
    await expect(rotateRoot(project.keysDir, project.repoDir, publicHalves(project.online))).rejects.toMatchObject({
      code: "KEYS_INVALID",
    });
    expect(await install(await publish(1))).toMatchObject({ accepted: true });
  });

  test("[M11] an online key of small order is refused when the root is signed", async () => {
    const snapshotKey = Buffer.from(`01${"00".repeat(31)}`, "hex").toString("base64url");
    const online = { ...publicHalves(project.online), snapshotKey };
    await expect(rotateRoot(project.keysDir, project.repoDir, online)).rejects.toMatchObject({ code: "KEY_WEAK" });
  });
});
