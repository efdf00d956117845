import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { create } from "tar";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bulkheadDirectory } from "../../locations.ts";
import { lockedPackages } from "./index.ts";

let scratch: string;
let project: string;
const cache = () => join(scratch, "npm");
const installed = (path = "") => join(project, "node_modules/leaf", path);

async function write(file: string, content: string | object | Buffer): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const text = typeof content === "string" || Buffer.isBuffer(content) ? content : JSON.stringify(content);
  await writeFile(file, text);
}

/** A project with the package `leaf`, as npm installs it: from an archive that its cache keeps, and with both lock files. */
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "bulkhead-locked-"));
  project = join(scratch, "project");
  await write(installed("package.json"), { name: "leaf", version: "1.2.3", license: "MIT" });
  await write(installed("index.js"), "export const leaf = 1;\n");
  await write(installed("lib/more.js"), "export const more = 2;\n");
  await create({ file: join(scratch, "leaf.tgz"), cwd: join(project, "node_modules"), gzip: true }, ["leaf"]);
  const archive = await readFile(join(scratch, "leaf.tgz"));
  const hex = createHash("sha512").update(archive).digest("hex");
  await write(join(cache(), "_cacache/content-v2/sha512", hex.slice(0, 2), hex.slice(2, 4), hex.slice(4)), archive);
  await lock(`sha512-${Buffer.from(hex, "hex").toString("base64")}`);
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

async function lock(integrity: string, version = "1.2.3", hidden = integrity): Promise<void> {
  const file = (digest: string) => ({
    lockfileVersion: 3,
    packages: { "node_modules/leaf": { version, integrity: digest } },
  });
  await write(join(project, "package-lock.json"), file(integrity));
  await write(join(project, "node_modules/.package-lock.json"), file(hidden));
}

const built = () => lockedPackages([join(project, "own.js"), installed("index.js"), installed("lib/more.js")], cache());
const refused = (words: RegExp) =>
  expect(built()).rejects.toMatchObject({ code: "BUILD_UNLOCKED", message: expect.stringMatching(words) });

describe("[S3] a package that is built in", () => {
  test("is known by its place in the lock file, and compared with the archive that is locked", async () => {
    expect(await built()).toMatchObject([
      { name: "leaf", version: "1.2.3", licence: "MIT", lockRoot: project, key: "node_modules/leaf", isCompared: true },
    ]);
  });

  test("is refused where somebody changed a file of it, and nothing else", async () => {
    await write(installed("README.md"), "no part of the bundle");
    await built();
    await write(installed("lib/more.js"), "export const more = 3;\n");
    await refused(/^lib\/more\.js of leaf 1\.2\.3 is not as it is in the package's archive$/);
  });

  test("is refused where a file was laid into it", async () => {
    await write(installed("extra.js"), "");
    await expect(lockedPackages([installed("extra.js")], cache())).rejects.toMatchObject({ code: "BUILD_UNLOCKED" });
  });

  test("is refused where a header was laid into a folder that an add-on is compiled from; what a build left there is not looked at", async () => {
    const compiled = () => lockedPackages([join(project, "own.js"), installed()], cache());
    await write(installed("build/Release/leaf.o"), "built");
    await write(installed("build/Makefile"), "all:");
    expect(await compiled()).toMatchObject([{ name: "leaf", isCompared: true }]);
    for (const name of ["errno.h", "lib/quoted.hpp", "vector"]) {
      await write(installed(name), "#define honest 0\n");
      await expect(compiled()).rejects.toMatchObject({
        code: "BUILD_UNLOCKED",
        message: expect.stringContaining(`${name} of leaf 1.2.3 is not as it is in the package's archive`),
      });
      await rm(installed(name));
    }
  });

  test("is refused in another version than the locked one, even where nothing can be compared", async () => {
    await rm(cache(), { recursive: true });
    await write(installed("package.json"), { name: "leaf", version: "1.2.4" });
    await refused(/^leaf 1\.2\.4 is built in, and .*package-lock\.json says 1\.2\.3$/);
  });

  test("is refused where npm installed another archive than the locked one", async () => {
    const other = `sha512-${Buffer.alloc(64, 1).toString("base64")}`;
    await lock(other, "1.2.3", `sha512-${Buffer.alloc(64, 2).toString("base64")}`);
    await refused(/installed from another archive/);
  });

  test("is refused where the lock file does not name it, or is not there", async () => {
    await write(join(project, "package-lock.json"), { lockfileVersion: 3, packages: {} });
    await refused(/does not name it/);
    await rm(join(project, "package-lock.json"));
    await refused(/package-lock\.json is not there/);
  });

  test("is said not to have been compared where npm's cache has no such archive, or a damaged one", async () => {
    const hex = createHash("sha512")
      .update(await readFile(join(scratch, "leaf.tgz")))
      .digest("hex");
    const kept = join(cache(), "_cacache/content-v2/sha512", hex.slice(0, 2), hex.slice(2, 4), hex.slice(4));
    await write(kept, "damaged");
    expect(await built()).toMatchObject([{ isCompared: false }]);
    await rm(kept);
    expect(await built()).toMatchObject([{ isCompared: false }]);
  });
});

test("[S3] parts of Bulkhead are known, and a system in its checkout is nobody's package", async () => {
  const files = ["sdk/src/index.ts", "manifests/greenhouse/plant/main.ts"].map((path) => join(bulkheadDirectory, path));
  expect(await lockedPackages(files)).toMatchObject([{ name: "@bulkhead/sdk", lockRoot: undefined }]);
});
