import { generateKeyPairSync } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSigningKey, verifySignature } from "@bulkhead/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { changePassphrase } from "./change-passphrase.ts";
import { decryptKey, encryptKey } from "./encrypted-key.ts";
import { createKeyFile, readKeyFile, writeKeyFile } from "./key-file.ts";
import { developmentRing, openKeyRing, openPair, openSigner } from "./key-ring.ts";
import { initKeys, markDevelopmentKeys } from "./key-set.ts";
import { publicKeysOf, recipientsOf } from "./public-keys.ts";

let directory = "";
const path = (name: string) => join(directory, name);
const passphrase = async () => "correct horse";
const cost = { N: 2, r: 1, p: 1 };
const protection = async () => ({ passphrase: await passphrase(), cost });
const bytes = Buffer.from("a release");
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-keys-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A file as the first version wrote it. */
async function writePlain(file: string) {
  const key = generateSigningKey();
  await writeFile(file, JSON.stringify({ format: 1, role: "root", algorithm: "ed25519", ...key }), { mode: 0o600 });
  return key;
}

test("[M11] a key file is encrypted, the owner's alone, signs by its passphrase, and says nothing of the private half", async () => {
  const made = await createKeyFile(path("one.json"), "targets", await protection());
  const text = await readFile(path("one.json"), "utf8");
  expect((await stat(path("one.json"))).mode & 0o777).toBe(0o600);
  expect(JSON.parse(text).kept).toEqual({ as: "encrypted", pkcs8: expect.stringMatching(/^-----BEGIN ENCRYPTED/) });
  const signer = await openSigner(await readKeyFile(path("one.json")), passphrase);
  expect(verifySignature(made.publicKey, bytes, await signer.sign(bytes))).toBe(true);
  await expect(openSigner(made, async () => "correct hors")).rejects.toMatchObject({ code: "KEYS_LOCKED" });
  await expect(createKeyFile(path("one.json"), "targets", "development")).rejects.toMatchObject({
    code: "KEYS_INVALID",
    message: expect.stringContaining("is there already"),
  });
});

test("[M11] a file that others can read, that names another key, or is damaged, is refused", async () => {
  const made = await createKeyFile(path("two.json"), "root", await protection());
  await chmod(path("two.json"), 0o640);
  await expect(readKeyFile(path("two.json"))).rejects.toMatchObject({ code: "KEYS_INVALID" });
  const other = { ...made, publicKey: generateSigningKey().publicKey };
  await expect(openSigner(other, passphrase)).rejects.toMatchObject({ code: "KEYS_INVALID" });
  await writeFile(path("cut.json"), "{", { mode: 0o600 });
  await expect(readKeyFile(path("cut.json"))).rejects.toMatchObject({ code: "KEYS_INVALID" });
});

test("[M11] only an encrypted key opens: one in the clear is not taken for one under any passphrase", () => {
  const pem = encryptKey(generateSigningKey(), "Ed25519", "a", cost);
  expect(decryptKey(pem, "Ed25519", "b")).toBeUndefined();
  const { privateKey } = generateKeyPairSync("ed25519");
  expect(decryptKey(String(privateKey.export({ type: "pkcs8", format: "pem" })), "Ed25519", "a")).toBeUndefined();
  expect(
    decryptKey(`${pem.slice(0, 150)}${pem[150] === "A" ? "B" : "A"}${pem.slice(151)}`, "Ed25519", "a"),
  ).toBeUndefined();
});

test("[M11] a key of the first version is refused until it has a passphrase, and stays the same key", async () => {
  const key = await writePlain(path("old.json"));
  await expect(readKeyFile(path("old.json"))).rejects.toMatchObject({
    remedy: expect.stringContaining("bulkhead keys passphrase"),
  });
  await changePassphrase(path("old.json"), passphrase, protection);
  const read = await readKeyFile(path("old.json"));
  expect([read.publicKey, read.kept.as]).toEqual([key.publicKey, "encrypted"]);
  expect(await readFile(path("old.json"), "utf8")).not.toContain(key.privateKey);
  expect((await openSigner(read, passphrase)).publicKey).toBe(key.publicKey);
});

test("[M11] development keys are marked, and nobody signs with them who did not say so", async () => {
  await initKeys(path("dev"), "development");
  const options = { development: false, passphrases: passphrase };
  await expect(openKeyRing(path("dev"), options)).rejects.toMatchObject({ code: "KEYS_DEVELOPMENT" });
  expect((await developmentRing(path("dev"))).keys.map(({ kept }) => kept.as)).toEqual(Array(4).fill("development"));
  await expect(changePassphrase(path("dev/root-1.json"), passphrase, protection)).rejects.toMatchObject({
    code: "KEYS_INVALID",
  });
  await expect(initKeys(path("dev"), "development")).rejects.toMatchObject({ code: "KEYS_INVALID" });
});

test("[M11] keys that an earlier version made for a system on this machine become development keys", async () => {
  await initKeys(path("earlier"), "development");
  const key = await writePlain(path("earlier/root-4.json"));
  await markDevelopmentKeys(path("earlier"));
  expect((await readKeyFile(path("earlier/root-4.json"))).kept).toEqual({
    as: "development",
    privateKey: key.privateKey,
  });
});

test("[M11] a public half signs nothing; one of small order is refused", async () => {
  const { publicKey } = generateSigningKey();
  const half = { file: path("half.json"), role: "root", publicKey, kept: { as: "elsewhere" } } as const;
  await expect(openSigner(await writeKeyFile(half), passphrase)).rejects.toMatchObject({ code: "KEYS_INVALID" });
  const weak = Buffer.from(`01${"00".repeat(31)}`, "hex").toString("base64url");
  await writeKeyFile({ ...half, file: path("weak.json"), publicKey: weak });
  await expect(readKeyFile(path("weak.json"))).rejects.toMatchObject({ code: "KEY_WEAK" });
});

test("[S3] the key of a deployment opens by its passphrase, signs nothing, and is named as nobody who signs", async () => {
  const made = await createKeyFile(path("deployment.json"), "deployment", await protection());
  expect(JSON.parse(await readFile(made.file, "utf8"))).toMatchObject({ algorithm: "x25519", role: "deployment" });
  const read = await readKeyFile(made.file);
  const pair = await openPair(read, passphrase);
  expect(pair.publicKey).toBe(made.publicKey);
  await expect(openPair(read, async () => "another")).rejects.toMatchObject({ code: "KEYS_LOCKED" });
  await expect(openSigner(read, passphrase)).rejects.toMatchObject({ code: "KEYS_INVALID" });
  await expect(publicKeysOf(made.file)).rejects.toMatchObject({ code: "KEYS_INVALID" });
});

test("[S3] a release is encrypted to the key of a deployment, and to none that is weak or that signs", async () => {
  const warnings: string[] = [];
  const recipients = (list: string) => recipientsOf(list, (line) => warnings.push(line));
  const made = await createKeyFile(path("house.json"), "deployment", await protection());
  expect(await recipients(made.file)).toEqual([made.publicKey]);
  expect(warnings).toEqual([]);
  expect(await recipients(made.publicKey)).toEqual([made.publicKey]);
  expect(warnings[0]).toContain(made.publicKey);
  const signing = await createKeyFile(path("signing.json"), "operator", "development");
  // An Ed25519 key (RFC 8032, section 7.1, test 1).
  const operator = Buffer.from("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "hex");
  for (const other of [signing.file, operator.toString("base64url")]) {
    await expect(recipients(other)).rejects.toMatchObject({ code: "KEYS_INVALID" });
  }
  const weak = {
    ...made,
    file: path("weak-house.json"),
    publicKey: "A".repeat(43),
    kept: { as: "elsewhere" },
  } as const;
  await writeKeyFile(weak);
  for (const one of [weak.publicKey, weak.file])
    await expect(recipients(one)).rejects.toMatchObject({ code: "KEY_WEAK" });
  for (const list of ["nobody", `${made.file},${made.publicKey}`]) {
    await expect(recipients(list)).rejects.toMatchObject({ code: "USAGE" });
  }
});
