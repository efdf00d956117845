import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { firstDifference, jsonDifferences, treeDifferences } from "./differences.ts";

let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "bulkhead-differences-"));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

async function tree(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(scratch, name, path, ".."), { recursive: true });
    await writeFile(join(scratch, name, path), text);
  }
  return join(scratch, name);
}

describe("[S3] a rebuild that differs", () => {
  test("is told by component, file and first differing byte, and what is missing or new by its name", async () => {
    const was = await tree("was", { "main.js": `${"x".repeat(40)}1 and on`, "a/gone": "", same: "same" });
    const is = await tree("is", { "main.js": `${"x".repeat(40)}2 and on`, new: "", same: "same" });
    expect(await treeDifferences("climate", was, is)).toEqual([
      { in: "component", component: "climate", path: "a/gone", what: "is missing here" },
      {
        ...{ in: "component", component: "climate", path: "main.js", what: "has other bytes", offset: 40 },
        ...{ was: Buffer.from("1 and on").toString("hex"), is: Buffer.from("2 and on").toString("hex") },
      },
      { in: "component", component: "climate", path: "new", what: "is new here" },
    ]);
    expect(await treeDifferences("climate", was, was)).toEqual([]);
  });

  test("is told of a document by the paths of its members", () => {
    const document = { a: { b: [1, { c: 2 }] }, same: [1] };
    expect(jsonDifferences(document, { a: { b: [1, { c: 3 }] }, same: [1], d: 0 })).toEqual(["a.b[1].c", "d"]);
    expect(jsonDifferences(document, structuredClone(document))).toEqual([]);
  });

  test("is found at the first byte that differs, whatever the bytes", () => {
    const bytes = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(bytes, bytes, bytes, (common, one, other) => {
        const [a, b] = [Buffer.concat([common, one]), Buffer.concat([common, other])];
        const at = firstDifference(a, b);
        expect(a.subarray(0, at).equals(b.subarray(0, at))).toBe(true);
        expect(at === Math.min(a.length, b.length) || a[at] !== b[at]).toBe(true);
        expect(at).toBeGreaterThanOrEqual(common.length);
      }),
    );
  });
});
