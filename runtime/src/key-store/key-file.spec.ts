import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { initialiseKeys, loadKeys } from "./key-file.ts";
import { publicHalves } from "./key-record.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-keys-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const file = () => join(directory, "keys.json");
const damaged = expect.objectContaining({ code: "KEY_STORE_DAMAGED" });

test("[K12] keys are made once, readable by their owner only, and kept by every later initialisation", async () => {
  const first = await initialiseKeys(directory);
  const bytes = await readFile(file());
  expect(await initialiseKeys(directory)).toEqual(first);
  expect(await readFile(file())).toEqual(bytes);
  expect(publicHalves(await loadKeys(directory))).toEqual(first);
  expect((await stat(file())).mode & 0o777).toBe(0o600);
  expect(await readdir(directory)).toEqual(["keys.json"]);
});

test("[K12] first starts at the same time agree on one set of keys and leave no other copy", async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => initialiseKeys(directory)));
  expect(new Set(answers.map((keys) => JSON.stringify(keys))).size).toBe(1);
  expect(await readdir(directory)).toEqual(["keys.json"]);
});

test("[K12] a truncated key file is reported as damaged and is not replaced by new keys", async () => {
  await initialiseKeys(directory);
  await truncate(file(), 40);
  await expect(initialiseKeys(directory)).rejects.toEqual(damaged);
  await expect(loadKeys(directory)).rejects.toEqual(damaged);
  expect((await stat(file())).size).toBe(40);
});

test("[K12] a key store that was never initialised does not make keys by itself", async () => {
  await expect(loadKeys(directory)).rejects.toEqual(damaged);
  expect(await readdir(directory)).toEqual([]);
});

test("[K12] a rest of a first start that was cut off is removed by the next", async () => {
  await writeFile(join(directory, ".keys.json.abc"), "half a rec", { mode: 0o600 });
  await initialiseKeys(directory);
  expect(await readdir(directory)).toEqual(["keys.json"]);
});

test("[K12] links, devices, giant files and files that others may read are refused", async () => {
  await symlink("/etc/hostname", file());
  await expect(loadKeys(directory)).rejects.toEqual(damaged);
  await rm(file());
  await writeFile(file(), "x".repeat(10_000), { mode: 0o600 });
  await expect(loadKeys(directory)).rejects.toEqual(damaged);
  await rm(file());
  await initialiseKeys(directory);
  await chmod(file(), 0o644);
  await expect(loadKeys(directory)).rejects.toThrow(/others than its owner/);
});

test("[K12] the provisioning program prints the public halves as one line, and the same line again", async () => {
  const program = fileURLToPath(new URL("init.ts", import.meta.url));
  const run = () => execa(process.execPath, [program, directory], { reject: false });
  const first = await run();
  const keys = await loadKeys(directory);
  expect(JSON.parse(first.stdout)).toEqual(publicHalves(keys));
  expect((await run()).stdout).toBe(first.stdout);
  expect(first.stdout + first.stderr).not.toContain(keys.deviceKey.privateKey);
  await truncate(file(), 10);
  const refused = await run();
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toMatch(/^KEY_STORE_DAMAGED: /);
});
