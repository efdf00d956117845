/**
 * Encrypted releases from the studio's hand to the verifier's, with the real key store between: who opens them, what of them an agent and a
 * management service hold, and what these can do about it.
 */
import { createReadStream } from "node:fs";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, deviceIdOf, generateX25519Key, type KeyPair, parseEnvelope, sha256 } from "@bulkhead/protocol";
import { developmentRing, signRelease } from "@bulkhead/studio";
import { beforeEach, describe, expect, test } from "vitest";
import { openStaging } from "../../kms-agent/src/fetch/staging.ts";
import { takeIn } from "../../kms-agent/src/import/take-in.ts";
import { type DeploymentKeys, openDeploymentKeys } from "../../runtime/src/key-store/deployment-keys.ts";
import { initialiseKeys, openKeys } from "../../runtime/src/key-store/key-file.ts";
import { openingPair } from "../../runtime/src/key-store/opening-key.ts";
import { collectMetadata } from "../../studio/src/export/metadata.ts";
import { writeFileOf } from "../../studio/src/export/write-file.ts";
import { wrapKey } from "../../studio/src/seal/wrap.ts";
import { asked, useBench } from "./bench.ts";
import { type BuiltForTest, signOnline } from "./project.ts";

const bench = useBench();
const secretText = "what nobody else is to read";
let field: KeyPair;
let online = 10;
beforeEach(() => {
  field = generateX25519Key();
});

/** The key store of one device, as the verifier reaches it. */
async function openStore() {
  const root = await mkdtemp(join(bench.project.root, "store-"));
  const places = { directory: join(root, "keys"), secret: { directory: join(root, "sealing"), tpm: null } };
  const { deviceKey } = await initialiseKeys(places);
  const { keys, sealer } = await openKeys(places);
  const store = await openDeploymentKeys(places.directory, keys, sealer);
  const device = { deviceId: deviceIdOf(deviceKey), openingKey: openingPair(sealer).publicKey };
  /** All that the store has on its disk. */
  const onDisk = async () => {
    const names = await readdir(places.directory);
    return Promise.all(names.map(async (name) => ({ name, bytes: await readFile(join(places.directory, name)) })));
  };
  const reopen = async () => openDeploymentKeys(places.directory, keys, sealer);
  const admit = async (key: KeyPair, change: object = {}, to = device) => {
    const wrapped = new Uint8Array(Buffer.from(await wrapKey("field", key, to), "base64"));
    return store.admit({ deployment: "field", publicKey: key.publicKey, wrapped, ...change });
  };
  return { store: asPort(store), device, admit, reopen, onDisk };
}
type Store = ReturnType<typeof asPort>;

/** As the channel between the two has it. */
function asPort(store: DeploymentKeys) {
  const unwrap = async (args: Parameters<DeploymentKeys["unwrap"]>[0]) => store.unwrap(args);
  return { admit: store.admit, unwrap };
}

async function publish(counter: number, content: string, recipients: readonly KeyPair[]): Promise<BuiltForTest> {
  const { keysDir, repoDir, build, online: keys } = bench.project;
  const built = await build(counter, content);
  const ring = await developmentRing(keysDir);
  const publicKeys = recipients.map(({ publicKey }) => publicKey);
  await signRelease({ keys: ring, repoDir, releaseDir: built.dir, recipients: publicKeys });
  await signOnline(repoDir, keys, { version: online++ });
  return built;
}

async function envelopeOf({ target }: BuiltForTest) {
  const directory = join(bench.project.repoDir, "targets");
  const names = (await readdir(directory)).filter((name) => name.slice(65) === target);
  const text = await readFile(join(directory, names.at(-1) ?? ""), "utf8");
  return { name: names.at(-1) ?? "", text, envelope: parseEnvelope(text, target) };
}

/** What an honest agent brings: the metadata, the envelope, and the files that it lists. */
async function stage(built: BuiltForTest): Promise<void> {
  const { metadata, targets, blobs } = bench.device.staging;
  const { repoDir } = bench.project;
  for (const name of await readdir(repoDir)) {
    if (name.endsWith(".json")) await cp(join(repoDir, name), join(metadata, name));
  }
  const { name, text, envelope } = await envelopeOf(built);
  await writeFile(join(targets, name), text);
  for (const { digest } of envelope.blobs) await cp(join(repoDir, "sealed", digest), join(blobs, digest));
}

async function install(built: BuiltForTest, store: Store | undefined) {
  const gate = await bench.device.boot({}, store);
  const examined = await gate.examine(asked(built));
  const { missing, roomBytes } = examined;
  return { missing, roomBytes, verdict: await gate.install(asked(built)) };
}

describe("[S3] an encrypted release", () => {
  test("is opened by a device that has the key, and endorsed as it was built", async () => {
    const { store, admit, reopen } = await openStore();
    const built = await publish(1, secretText, [field]);
    await stage(built);
    const refused = (await install(built, store)).verdict;
    expect(refused).toMatchObject({ accepted: false, code: "SEALED_FOR_OTHERS" });
    expect(refused.message).toBe(
      `${built.target} is encrypted for ${field.publicKey}, and no key that is here opens it; give the key of the deployment: ` +
        "to a device by `bulkhead device admit`, to a command by --deployment-key; or sign for a key that is here",
    );
    await admit(field);
    const { missing, roomBytes, verdict } = await install(built, store);
    expect(verdict).toMatchObject({ accepted: true });
    // Unpacked twice, among what is endorsed and what is installed: what is encrypted of it is staged and nowhere else.
    expect(roomBytes).toBe(2 * built.release.artifacts.reduce((sum, { length }) => sum + length, 0));
    expect(missing).toEqual((await envelopeOf(built)).envelope.blobs);
    const endorsed = join(bench.device.directories.endorsed, built.digest);
    expect(sha256(await readFile(join(endorsed, "release.json")))).toBe(built.digest);
    const [artifact] = built.release.artifacts;
    expect(await readFile(join(endorsed, "artifacts", artifact?.digest ?? "", "main.js"), "utf8")).toBe(secretText);
    // The key is there after a restart as well.
    const next = await publish(2, "the next", [field]);
    await stage(next);
    expect((await install(next, asPort(await reopen()))).verdict).toMatchObject({ accepted: true });
  });

  test("comes in a file as well, in which nothing of it is readable", async () => {
    const { store, admit } = await openStore();
    await admit(field);
    const built = await publish(1, secretText, [field]);
    const { text, envelope } = await envelopeOf(built);
    const { repoDir, root } = bench.project;
    const metadata = (name: string) =>
      readFile(join(repoDir, name), "utf8").catch(() => {
        throw new BulkheadError("NOT_FOUND", `there is no ${name}`);
      });
    const signed = sha256(text);
    const { files, expires } = await collectMetadata(
      { metadata },
      { target: built.target, signed, overlay: undefined },
    );
    const file = join(root, "example.bulkhead");
    const header = { format: 1 as const, target: built.target, releaseDigest: built.digest, envelope: signed, expires };
    const download = async (digest: string) => createReadStream(join(repoDir, "sealed", digest));
    await writeFileOf(file, header, { files, documents: [text], blobs: envelope.blobs, download });
    expect((await readFile(file)).includes(secretText)).toBe(false);
    const gate = await bench.device.boot({}, store);
    const staging = await openStaging(bench.device.directories.staging);
    const ports = { gate, staging, inTurn: <T>(work: () => Promise<T>) => work(), tell: () => undefined };
    const verdict = await takeIn(createReadStream(file), { ...ports, meant: built.digest });
    expect(verdict).toMatchObject({ accepted: true });
    const [artifact] = built.release.artifacts;
    const endorsed = join(bench.device.directories.endorsed, built.digest, "artifacts", artifact?.digest ?? "");
    expect(await readFile(join(endorsed, "main.js"), "utf8")).toBe(secretText);
  });

  test("is nowhere readable on its way: in the repository, and in what the agent stages", async () => {
    const built = await publish(1, secretText, [field]);
    await stage(built);
    const roots = [bench.project.repoDir, bench.device.directories.staging];
    const needles = [secretText, "startOrder", "overlayable"].map((text) => Buffer.from(text));
    for (const root of roots) {
      const files = (await readdir(root, { recursive: true, withFileTypes: true })).filter((one) => one.isFile());
      expect(files.length).toBeGreaterThan(3);
      for (const { parentPath, name } of files) {
        const bytes = await readFile(join(parentPath, name));
        expect(needles.filter((needle) => bytes.includes(needle)).map((needle) => `${name}: ${needle}`)).toEqual([]);
      }
    }
  });

  test("keeps the encrypted file of what did not change, and gets another for other keys", async () => {
    const filesOf = async (built: BuiltForTest) => (await envelopeOf(built)).envelope.blobs.map(({ digest }) => digest);
    const [first, second] = [await publish(1, "same", [field]), await publish(2, "same", [field])];
    const other = await publish(3, "same", [field, generateX25519Key()]);
    expect(await filesOf(second)).toEqual(await filesOf(first));
    expect(await filesOf(other)).not.toEqual(await filesOf(first));
    await writeFile(join(bench.project.repoDir, "sealed", (await filesOf(first))[0] ?? ""), "damaged");
    expect(await filesOf(await publish(4, "same", [field]))).not.toEqual(await filesOf(first));
  });

  test("for other keys, altered, cut off, or exchanged for another is refused by its code", async () => {
    const { store, admit } = await openStore();
    await admit(generateX25519Key());
    await admit(field);
    const strangers = await publish(1, secretText, [generateX25519Key()]);
    await stage(strangers);
    expect((await install(strangers, store)).verdict).toMatchObject({ code: "SEALED_FOR_OTHERS" });
    expect((await install(strangers, undefined)).verdict).toMatchObject({ code: "SEALED_FOR_OTHERS" });

    const built = await publish(2, secretText, [field]);
    await stage(built);
    const { name, text, envelope } = await envelopeOf(built);
    const file = join(bench.device.staging.targets, name);
    await writeFile(file, text.replace('"board":"test"', '"board":"tesu"'));
    expect((await install(built, store)).verdict).toMatchObject({ code: "RELEASE_ARTIFACT_ALTERED" });
    await writeFile(file, (await envelopeOf(strangers)).text);
    expect((await install(built, store)).verdict).toMatchObject({ code: "RELEASE_ARTIFACT_ALTERED" });
    await writeFile(file, text);

    const blob = join(bench.device.staging.blobs, envelope.blobs[0]?.digest ?? "");
    const whole = await readFile(blob);
    const flipped = Buffer.from(whole);
    flipped[whole.length - 1] = (flipped[whole.length - 1] ?? 0) ^ 1;
    const others = await readFile(
      join(bench.device.staging.blobs, (await envelopeOf(strangers)).envelope.blobs[0]?.digest ?? ""),
    );
    for (const bytes of [flipped, whole.subarray(0, -20), others, Buffer.from(secretText)]) {
      await writeFile(blob, bytes);
      const { verdict } = await install(built, store);
      expect(verdict.code).toMatch(/^RELEASE_ARTIFACT_ALTERED$|^SEALED_FOR_OTHERS$/);
      expect(verdict.message).toContain(`the staged artifact ${built.release.artifacts[0]?.digest} of`);
    }
    await rm(blob);
    expect((await install(built, store)).verdict).toMatchObject({ code: "RELEASE_INVALID" });
    await writeFile(blob, whole);
    expect((await install(built, store)).verdict).toMatchObject({ accepted: true });
  });
});

describe("[S3] the key of a deployment", () => {
  test("is taken by the device that it was encrypted for, and says itself what it is", async () => {
    const [one, other] = [await openStore(), await openStore()];
    const mine = generateX25519Key();
    await expect(one.admit(field, {}, other.device)).rejects.toMatchObject({ code: "SEALED_FOR_OTHERS" });
    const misled = { ...one.device, deviceId: other.device.deviceId };
    await expect(one.admit(field, {}, misled)).rejects.toMatchObject({ code: "SEALED_INVALID" });
    await expect(one.admit(field, { publicKey: mine.publicKey })).rejects.toMatchObject({ code: "SEALED_INVALID" });
    await expect(one.admit(field, { deployment: "house" })).rejects.toMatchObject({ code: "SEALED_INVALID" });
    const halves = { publicKey: field.publicKey, privateKey: mine.privateKey };
    await expect(one.admit(halves)).rejects.toMatchObject({ code: "SEALED_INVALID" });
    expect(await one.admit(field)).toBeNull();
  });

  test("is sealed on the disk: neither as text nor as bytes does it stand in any file of the store", async () => {
    const { admit, onDisk } = await openStore();
    await admit(field);
    const files = await onDisk();
    expect(files.map(({ name }) => name)).toContain("deployment-keys.json");
    const needles = [field.privateKey, Buffer.from(field.privateKey, "base64url"), "privateKey"];
    for (const { bytes } of files) expect(needles.filter((needle) => bytes.includes(needle))).toEqual([]);
  });

  test("is exchanged: releases for the new one open, and those for the old one do for who had it", async () => {
    const { store, admit } = await openStore();
    const next = generateX25519Key();
    await admit(field);
    await admit(next);
    for (const [counter, key] of [field, next].entries()) {
      const built = await publish(counter + 1, `for ${counter}`, [key]);
      await stage(built);
      expect((await install(built, store)).verdict).toMatchObject({ accepted: true });
    }
  });
});
