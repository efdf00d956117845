import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { BulkheadError, encodeHeader } from "@bulkhead/protocol";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { packTree, treeDigest, unpackTree } from "./index.ts";

let scratch = "";
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "bulkhead-tree-"));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

async function writeTree(name: string, files: Record<string, string>): Promise<string> {
  const root = join(scratch, name);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return root;
}

async function* chunks(data: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}

const entry = (path: string, content: string) => {
  const data = Buffer.alloc(Math.ceil(content.length / 512) * 512);
  data.write(content);
  return Buffer.concat([encodeHeader({ path, sizeBytes: content.length, executable: false }), data]);
};
const end = Buffer.alloc(1024);
const unpackBytes = (...parts: Buffer[]) => unpackTree(chunks(Buffer.concat(parts), 1000), join(scratch, "out"));

describe("canonical trees", () => {
  test("[S3] the same files give the same digest, whatever their times, owners and order of creation", async () => {
    const one = await writeTree("one", { "main.js": "x", "lib/a.js": "a", "lib-b.js": "b" });
    const two = await writeTree("two", { "lib-b.js": "b", "lib/a.js": "a", "main.js": "x" });
    await utimes(join(two, "main.js"), 1, 1);
    await chmod(join(two, "main.js"), 0o600);
    expect(await treeDigest(two)).toEqual(await treeDigest(one));
  });

  test("[S3] the executable bit and a changed byte change the digest", async () => {
    const root = await writeTree("one", { "main.js": "x" });
    const before = await treeDigest(root);
    await chmod(join(root, "main.js"), 0o755);
    const executable = await treeDigest(root);
    await writeFile(join(root, "main.js"), "y");
    const changed = await treeDigest(root);
    expect(new Set([before.digest, executable.digest, changed.digest]).size).toBe(3);
  });

  test("the digest is the SHA-256 of the archive and the archive is one that tar reads", async () => {
    const root = await writeTree("one", { "main.js": "x".repeat(513), "lib/a.js": "" });
    const archive = await buffer(packTree(root));
    const identity = await treeDigest(root);
    expect(identity).toEqual({ digest: createHash("sha256").update(archive).digest("hex"), length: archive.length });
    await writeFile(join(scratch, "a.tar"), archive);
    const { stdout } = await promisify(execFile)("tar", ["-tvf", join(scratch, "a.tar"), "--numeric-owner"]);
    expect(stdout).toMatch(/-rw-r--r-- 0\/0 +0 1970-01-01 .* lib\/a.js\n-rw-r--r-- 0\/0 +513 .* main.js\n/);
  });

  test("any tree comes back with the same digest, in chunks of any size", async () => {
    const name = fc.constantFrom("a", "b", "c-d", "E.js", "a.b", "z z");
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => `d/${parts.join("/d/")}/f`);
    const tree = fc.dictionary(path, fc.string({ maxLength: 1500 }), { minKeys: 1, maxKeys: 6, noNullPrototype: true });
    let n = 0;
    await fc.assert(
      fc.asyncProperty(tree, fc.integer({ min: 1, max: 3000 }), async (files, size) => {
        const root = await writeTree(`in-${n}`, files);
        const copy = join(scratch, `out-${n++}`);
        const identity = await unpackTree(chunks(await buffer(packTree(root)), size), copy);
        expect(identity).toEqual(await treeDigest(root));
        expect(await treeDigest(copy)).toEqual(identity);
        for (const [file, content] of Object.entries(files))
          expect(await readFile(join(copy, file), "utf8")).toBe(content);
      }),
      { numRuns: 25 },
    );
  });

  test.each([
    ["an empty tree", async (root: string) => mkdir(root)],
    ["an empty directory", async (root: string) => mkdir(join(root, "empty"), { recursive: true })],
    ["a symbolic link", async (root: string) => mkdir(root).then(() => symlink("/etc/passwd", join(root, "link")))],
    ["a FIFO", async (root: string) => mkdir(root).then(() => promisify(execFile)("mkfifo", [join(root, "fifo")]))],
    ["a name with a line break", async (root: string) => mkdir(root).then(() => writeFile(join(root, "a\nb"), ""))],
    [
      "a path over 100 bytes",
      async (root: string) => mkdir(root).then(() => writeFile(join(root, "a".repeat(101)), "")),
    ],
  ])("%s is refused", async (_, make) => {
    const root = join(scratch, "bad");
    await make(root);
    await expect(treeDigest(root)).rejects.toMatchObject({ code: "RELEASE_INVALID" });
  });
});

describe("unpacking what nobody trusts", () => {
  const link = encodeHeader({ path: "link", sizeBytes: 0, executable: false });
  link.write("2", 156, "latin1");

  test.each([
    ["..", () => unpackBytes(entry("../evil", "x"), end)],
    ["a .. in the middle", () => unpackBytes(entry("a/../../evil", "x"), end)],
    ["an absolute path", () => unpackBytes(entry("/tmp/evil", "x"), end)],
    ["a duplicate", () => unpackBytes(entry("a", "x"), entry("a", "y"), end)],
    ["names out of order", () => unpackBytes(entry("b", "x"), entry("a", "y"), end)],
    ["a file that is also a directory", () => unpackBytes(entry("a", "x"), entry("a/b", "y"), end)],
    ["a link", () => unpackBytes(link, end)],
    ["a truncated archive", () => unpackBytes(entry("a", "x").subarray(0, 700))],
    ["no end", () => unpackBytes(entry("a", "x"))],
    ["bytes behind the end", () => unpackBytes(entry("a", "x"), end, Buffer.from("x"))],
    [
      "more than the limit",
      () => unpackTree(chunks(Buffer.concat([entry("a", "x"), end]), 64), join(scratch, "out"), 1024),
    ],
    ["an empty archive", () => unpackBytes(end)],
  ])("%s is refused and nothing is left", async (_, unpack) => {
    await expect(unpack()).rejects.toMatchObject({ code: "RELEASE_INVALID" });
    await expect(stat(join(scratch, "out"))).rejects.toMatchObject({ code: "ENOENT" });
    await expect(stat(join(scratch, "evil"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("no change of one byte of an archive gives a tree with the old digest, and none does more than refuse", async () => {
    const good = await buffer(packTree(await writeTree("one", { "a.js": "hello", "b/c.js": "x".repeat(600) })));
    const { digest } = await treeDigest(join(scratch, "one"));
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const bad = Buffer.from(good);
        bad[at] = (bad[at] ?? 0) ^ flip;
        const outcome = await unpackBytes(bad).catch((error: unknown) => error);
        await rm(join(scratch, "out"), { recursive: true, force: true });
        if (outcome instanceof BulkheadError) expect(outcome.code).toBe("RELEASE_INVALID");
        else expect(outcome).toMatchObject({ digest: expect.not.stringMatching(digest) });
      }),
      { numRuns: 60 },
    );
  });
});
