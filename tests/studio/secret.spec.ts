import { chmod, chown, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { initialiseKeys, openKeys } from "../../runtime/src/key-store/key-file.ts";
import { readSecrets } from "../../runtime/src/key-store/secrets.ts";
import { bundle } from "../../studio/src/build/bundle.ts";
import { bulkheadDirectory } from "../../studio/src/locations.ts";
import { stateDirectory } from "../../studio/src/run/instance.ts";
import { pathsBelow } from "../../studio/src/run/paths.ts";

const name = `secret-${process.pid}`;
const stateDir = stateDirectory(name, bulkheadDirectory);
const { devicesDir, platformDir } = pathsBelow(stateDir);
const dataDir = join(devicesDir, "pump");
const places = { directory: join(dataDir, "keys"), secret: { directory: join(dataDir, "sealing"), tpm: null } };
const uid = 700_077;

/** A device as it lies on the disk between two runs: what the key store has is the key store's. */
beforeAll(async () => {
  for (const directory of [stateDir, devicesDir, dataDir, platformDir]) {
    await mkdir(directory, { recursive: true });
    await chmod(directory, 0o711);
  }
  await writeFile(join(dataDir, "root-server.json"), "{}");
  await bundle(
    "program",
    join(bulkheadDirectory, "runtime/src/key-store/init.ts"),
    join(platformDir, "key-store-init.js"),
  );
  await mkdir(places.directory);
  await initialiseKeys(places);
  await execa("chown", ["-R", `${uid}:${uid}`, places.directory, places.secret.directory]);
  await chmod(places.directory, 0o700);
  await chown(join(platformDir, "key-store-init.js"), 0, 0);
});
afterAll(() => rm(stateDir, { recursive: true, force: true }));

const bulkhead = (argv: readonly string[], input: string) =>
  execa(
    process.execPath,
    [join(bulkheadDirectory, "studio/bin/bulkhead.js"), "device", "secret", ...argv, "--name", name],
    {
      ...{ input, reject: false },
    },
  );

test("[K12] [S8] a secret comes by standard input, is kept sealed under the key store's uid, and nobody says it", async () => {
  const { exitCode, stdout, stderr } = await bulkhead(["pump", "mqtt-password"], "swordfish\n");
  expect([exitCode, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("bulkhead device restart pump key-store");
  expect(stdout).not.toContain("swordfish");
  const file = join(places.directory, "secrets.json");
  expect(await stat(file)).toMatchObject({ uid });
  expect((await readFile(file, "utf8")).includes("swordfish")).toBe(false);
  const { sealer } = await openKeys(places);
  expect(await readSecrets(places.directory, sealer)).toEqual({ "mqtt-password": "swordfish" });
});

test.each([
  [["pump", "mqtt-password", "an-argument"], "is one argument too many"],
  [["pump", "Not A Name"], "not the name of a secret"],
  [["nobody", "mqtt-password"], "this machine has no device nobody"],
])("[S8] %j is refused, and the value is not repeated", async (argv, why) => {
  const { exitCode, stdout, stderr } = await bulkhead(argv, "swordfish");
  expect(exitCode).toBeGreaterThan(0);
  expect(`${stdout}${stderr}`).toContain(why);
  expect(`${stdout}${stderr}`).not.toContain("swordfish");
});
