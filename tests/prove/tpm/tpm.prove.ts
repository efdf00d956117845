/**
 * The key store with a TPM 2.0: swtpm, the software TPM of Debian, unpacked into `.cache/` with tpm2-tools. Nothing is
 * installed on the host.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { initialiseKeys, openKeys } from "../../../runtime/src/key-store/key-file.ts";
import { publicHalves } from "../../../runtime/src/key-store/key-record.ts";

const cache = join(import.meta.dirname, "../../../.cache/tpm");
const packages = ["swtpm", "swtpm-libs", "libtpms0", "tpm2-tools", "libtss2-esys-3.0.2-0", "libtss2-tctildr0"].concat([
  "libtss2-tcti-swtpm0",
  "libtss2-tcti-device0",
  "libtss2-mu0",
  "libtss2-sys1",
  "libtss2-rc0",
  "libtss2-fapi1",
]);
const before = { path: process.env["PATH"], libraries: process.env["LD_LIBRARY_PATH"] };

beforeAll(async () => {
  await mkdir(join(cache, "root"), { recursive: true });
  const has = new Set((await readdir(cache)).map((file) => file.split("_")[0]));
  const missing = packages.filter((name) => !has.has(name));
  if (missing.length > 0) await execa("apt-get", ["download", "-qq", ...missing], { cwd: cache });
  for (const file of (await readdir(cache)).filter((name) => name.endsWith(".deb"))) {
    await execa("dpkg-deb", ["-x", join(cache, file), join(cache, "root")]);
  }
  const { stdout: triplet } = await execa("dpkg-architecture", ["-qDEB_HOST_MULTIARCH"], { reject: false });
  const libraries = join(cache, "root/usr/lib", triplet || "x86_64-linux-gnu");
  process.env["PATH"] = `${join(cache, "root/usr/bin")}:${before.path}`;
  process.env["LD_LIBRARY_PATH"] = `${libraries}:${join(libraries, "swtpm")}`;
});
afterAll(() => {
  process.env["PATH"] = before.path;
  delete process.env["LD_LIBRARY_PATH"];
});

let directory: string;
const running: ChildProcess[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-tpm-"));
});
afterEach(async () => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
  await rm(directory, { recursive: true, force: true });
});

/** A TPM whose own seeds lie in `name`; answers how tpm2-tools reach it. */
async function startTpm(name: string): Promise<string> {
  const state = join(directory, name);
  await mkdir(state, { recursive: true });
  const socket = join(state, "socket");
  const args = ["socket", "--tpm2", "--tpmstate", `dir=${state}`, "--flags", "not-need-init,startup-clear"];
  const sockets = ["--server", `type=unixio,path=${socket}`, "--ctrl", `type=unixio,path=${socket}.ctrl`];
  running.push(spawn("swtpm", [...args, ...sockets], { stdio: "inherit" }));
  await until(async () => {
    // It serves one connection at a time: this one must go before the programs come.
    const connection = createConnection(`${socket}.ctrl`);
    await new Promise((resolve, reject) => connection.once("connect", resolve).once("error", reject)).finally(() =>
      connection.destroy(),
    );
  });
  return `swtpm:path=${socket}`;
}

async function until(act: () => Promise<void>): Promise<void> {
  const endMs = performance.now() + 10_000;
  while (
    !(await act().then(
      () => true,
      () => false,
    ))
  ) {
    if (performance.now() > endMs) throw new Error("swtpm does not answer");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("[K12] [K22] keys sealed with a TPM open again with that TPM only, and nothing on the disk opens them", async () => {
  const places = (tpm: string | null) => ({
    directory: join(directory, "keys"),
    secret: { directory: join(directory, "sealing"), tpm },
  });
  const tpm = await startTpm("one");
  const publicKeys = await initialiseKeys(places(tpm));
  expect(await readdir(join(directory, "sealing"))).toEqual(["device-secret.tpm"]);
  const started = performance.now();
  expect(publicHalves((await openKeys(places(tpm))).keys)).toEqual(publicKeys);
  console.log(`opened with the TPM in ${Math.round(performance.now() - started)} ms`);
  expect(await initialiseKeys(places(tpm))).toEqual(publicKeys);

  const damaged = expect.objectContaining({ code: "KEY_STORE_DAMAGED" });
  await expect(openKeys(places(null))).rejects.toEqual(damaged);
  const other = await startTpm("two");
  await expect(openKeys(places(other))).rejects.toEqual(damaged);
  expect(await readFile(join(directory, "keys", "keys.json"), "utf8")).not.toContain(publicKeys.deviceKey);
});
