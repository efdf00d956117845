/** The pool of packages, with an archive that brings what a test puts there. */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { LockedPackage } from "./locked.ts";
import { fillPool, poolFile } from "./pool.ts";

const archive = { suite: "trixie", architecture: "arm64" };

function locked(name: string, content: string): LockedPackage {
  const sha256 = createHash("sha256").update(content).digest("hex");
  return { name, version: "1.0-1", architecture: "arm64", sizeBytes: content.length, sha256, path: `pool/${name}.deb` };
}

/** An archive with these packages by name; `asked` is what it was asked for. */
function pool(offers: Readonly<Record<string, string>>) {
  const base = mkdtempSync(join(tmpdir(), "bulkhead-pool-"));
  onTestFinished(() => rmSync(base, { recursive: true, force: true }));
  const directory = join(base, "pool");
  const asked: string[] = [];
  const download = async (
    _archive: unknown,
    packages: readonly LockedPackage[],
    _workDir: string,
    take: (file: string) => Promise<void>,
  ) => {
    for (const { name } of packages) {
      asked.push(name);
      const content = offers[name];
      if (content === undefined) continue;
      const file = join(base, `${name}_1.0-1_arm64.deb`);
      writeFileSync(file, content);
      await take(file);
    }
  };
  return { asked, directory, source: { directory, download } };
}

test("[K18] what is missing is brought once, and is found by its digest", async () => {
  const { asked, directory, source } = pool({ one: "the first", two: "the second" });
  const packages = [locked("one", "the first"), locked("two", "the second")];
  await fillPool(archive, packages.slice(0, 1), source);
  await fillPool(archive, packages, source);
  await fillPool(archive, packages, source);
  expect(asked).toEqual(["one", "two"]);
  expect(packages.map((each) => readFileSync(poolFile(each, directory), "utf8"))).toEqual(["the first", "the second"]);
  expect(readdirSync(directory)).toHaveLength(2);
});

test("[K18] a package of the same name and version with another digest is refused, and is not in the pool", async () => {
  const { directory, source } = pool({ one: "the first, altered" });
  await expect(fillPool(archive, [locked("one", "the first")], source)).rejects.toMatchObject({
    ...{ code: "IMAGE_PACKAGE_ALTERED", remedy: expect.stringContaining("find out why") },
    message: "one_1.0-1_arm64.deb is not the package that is locked",
  });
  expect(readdirSync(directory)).toEqual([]);
});

test("[K18] one that the archive does not bring is named", async () => {
  const { source } = pool({});
  await expect(fillPool(archive, [locked("one", "the first")], source)).rejects.toMatchObject({
    ...{ code: "IMAGE_PACKAGE_ALTERED", message: "one 1.0-1 is not the package that is locked" },
  });
});

test("[K18] one that was altered in the pool is in no image, and is not brought behind one's back", async () => {
  const { asked, directory, source } = pool({ one: "the first" });
  const one = locked("one", "the first");
  await fillPool(archive, [one], source);
  writeFileSync(poolFile(one, directory), "the first, with more");
  await expect(fillPool(archive, [one], source)).rejects.toMatchObject({
    ...{ code: "IMAGE_PACKAGE_ALTERED", message: expect.stringMatching(/\.deb is no longer one 1\.0-1$/) },
  });
  expect(asked).toEqual(["one"]);
  rmSync(poolFile(one, directory));
  await fillPool(archive, [one], source);
  expect(existsSync(poolFile(one, directory))).toBe(true);
});
