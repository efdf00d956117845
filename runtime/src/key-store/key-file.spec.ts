import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { canonicalJson, sha256 } from "@bulkhead/protocol";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { initialiseKeys, type KeyStorePlaces, openKeys } from "./key-file.ts";
import { generateKeys, publicHalves } from "./key-record.ts";
import { readSecrets } from "./secrets.ts";

let root: string;
let directory: string;
let places: KeyStorePlaces;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "bulkhead-keys-"));
  directory = join(root, "keys");
  await mkdir(directory);
  places = { directory, secret: { directory: join(root, "sealing"), tpm: null } };
});
afterEach(() => rm(root, { recursive: true, force: true }));

const file = () => join(directory, "keys.json");
const damaged = expect.objectContaining({ code: "KEY_STORE_DAMAGED" });

test("[K12] keys are made once, readable by their owner only, and kept by every later initialisation", async () => {
  const first = await initialiseKeys(places);
  const bytes = await readFile(file());
  expect(await initialiseKeys(places)).toEqual(first);
  expect(await readFile(file())).toEqual(bytes);
  expect(publicHalves((await openKeys(places)).keys)).toEqual(first);
  expect((await stat(file())).mode & 0o777).toBe(0o600);
  expect(await readdir(directory)).toEqual(["keys.json"]);
});

test("[K12] first starts at the same time agree on one set of keys and leave no other copy", async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => initialiseKeys(places)));
  expect(new Set(answers.map((keys) => JSON.stringify(keys))).size).toBe(1);
  expect(await readdir(directory)).toEqual(["keys.json"]);
});

test("[K12] a truncated key file is reported as damaged and is not replaced by new keys", async () => {
  await initialiseKeys(places);
  await truncate(file(), 40);
  await expect(initialiseKeys(places)).rejects.toEqual(damaged);
  await expect(openKeys(places)).rejects.toEqual(damaged);
  expect((await stat(file())).size).toBe(40);
});

test("[K12] a key store that was never initialised does not make keys by itself", async () => {
  await expect(openKeys(places)).rejects.toEqual(damaged);
  expect(await readdir(directory)).toEqual([]);
});

test("[K12] a rest of a first start that was cut off is removed by the next", async () => {
  await writeFile(join(directory, ".keys.json.abc"), "half a rec", { mode: 0o600 });
  await initialiseKeys(places);
  expect(await readdir(directory)).toEqual(["keys.json"]);
});

test("[K12] links, devices, giant files and files that others may read are refused", async () => {
  await symlink("/etc/hostname", file());
  await expect(openKeys(places)).rejects.toEqual(damaged);
  await rm(file());
  await writeFile(file(), "x".repeat(300_000), { mode: 0o600 });
  await expect(openKeys(places)).rejects.toEqual(damaged);
  await rm(file());
  await initialiseKeys(places);
  await chmod(file(), 0o644);
  await expect(openKeys(places)).rejects.toThrow(/others than its owner/);
});

test("[K12] the provisioning program prints the public halves as one line, and the same line again", async () => {
  const program = fileURLToPath(new URL("init.ts", import.meta.url));
  const run = () => execa(process.execPath, [program, directory, places.secret.directory], { reject: false });
  const first = await run();
  const { keys } = await openKeys(places);
  expect(JSON.parse(first.stdout)).toEqual(publicHalves(keys));
  expect((await run()).stdout).toBe(first.stdout);
  expect(first.stdout + first.stderr).not.toContain(keys.deviceKey.privateKey);
  await truncate(file(), 10);
  const refused = await run();
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toMatch(/^KEY_STORE_DAMAGED: /);
});

test("[K12] what lies on the disk shows no key, and is of no use without the device secret or with another", async () => {
  await initialiseKeys(places);
  const { keys } = await openKeys(places);
  const text = await readFile(file(), "utf8");
  const written = text + Buffer.from(JSON.parse(text).sealed, "base64url").toString("latin1");
  for (const { privateKey } of Object.values(keys)) expect(written).not.toContain(privateKey);
  const secret = join(places.secret.directory, "device-secret");
  const right = await readFile(secret, "utf8");
  await writeFile(secret, `${"A".repeat(43)}\n`);
  await expect(openKeys(places)).rejects.toThrow(/sealed with another device secret/);
  await rm(secret);
  await expect(openKeys(places)).rejects.toEqual(damaged);
  await expect(initialiseKeys(places)).rejects.toEqual(damaged);
  await writeFile(secret, right, { mode: 0o600 });
  expect((await openKeys(places)).keys).toEqual(keys);
});

test("[K12] keys of a device that was made before there was a seal stay the same and are sealed at its next start", async () => {
  const { deviceKey, tunnelKey } = generateKeys();
  const body = { format: 1, keys: { deviceKey, tunnelKey } };
  await writeFile(file(), canonicalJson({ ...body, checksum: sha256(canonicalJson(body)) }), { mode: 0o600 });
  const { keys } = await openKeys(places);
  expect(keys).toMatchObject({ deviceKey, tunnelKey });
  expect(await readFile(file(), "utf8")).not.toContain(tunnelKey.privateKey);
  expect((await openKeys(places)).keys).toEqual(keys);
});

test("[K12] secrets come by standard input, lie sealed, and later ones are added to those that are there", async () => {
  const program = fileURLToPath(new URL("init.ts", import.meta.url));
  const run = (input: string) =>
    execa(process.execPath, [program, directory, places.secret.directory, "--secrets"], { input, reject: false });
  expect((await run('{"mqtt-password":"first","token":"t0ken"}')).exitCode).toBe(0);
  const second = await run('{"mqtt-password":"swordfish"}');
  expect(second.stdout).not.toContain("swordfish");
  const { sealer } = await openKeys(places);
  expect(await readSecrets(directory, sealer)).toEqual({ "mqtt-password": "swordfish", token: "t0ken" });
  const text = await readFile(join(directory, "secrets.json"), "utf8");
  expect(Buffer.from(JSON.parse(text).sealed, "base64url").toString("latin1")).not.toContain("swordfish");
  const refused = await run('{"Not A Name":"swordfish"}');
  expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^ENVIRONMENT_INVALID: /) });
  expect(refused.stderr).not.toContain("swordfish");
  // A sealed file in the place of another is none.
  await writeFile(join(directory, "secrets.json"), await readFile(file()));
  await expect(readSecrets(directory, sealer)).rejects.toEqual(damaged);
});
