import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { treeDigest } from "@bulkhead/runtime";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keepAll } from "./artifact.ts";

let outDir: string;
beforeEach(async () => {
  outDir = await mkdtemp(join(tmpdir(), "bulkhead-artifacts-"));
});
afterEach(() => rm(outDir, { recursive: true, force: true }));

async function build(name: string, text: string) {
  const tree = join(outDir, "artifacts", name);
  await mkdir(tree, { recursive: true });
  await writeFile(join(tree, "main.js"), text);
  return { tree, artifact: await treeDigest(tree) };
}

test("[M11] images of the same bytes, as of one folder for two runners, are one artifact, whole", async () => {
  const same = await Promise.all(Array.from({ length: 8 }, (_, number) => build(`building-${number}`, "same")));
  const other = await build("building-other", "other");
  await keepAll([...same, other], outDir);
  const digests = [same[0]?.artifact.digest ?? "", other.artifact.digest].sort();
  expect((await readdir(join(outDir, "artifacts"))).sort()).toEqual(digests);
  for (const digest of digests) {
    expect((await treeDigest(join(outDir, "artifacts", digest))).digest).toBe(digest);
    const blob = await readFile(join(outDir, "blobs", digest));
    expect(createHash("sha256").update(blob).digest("hex")).toBe(digest);
  }
});
