import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blockBytes, encodeHeader, padded } from "../archive/index.ts";
import { sha256 } from "../crypto.ts";
import type { BulkheadError } from "../errors.ts";
import { type ExportHeader, exportPaths, readExport, writeExport } from "./index.ts";

const header: ExportHeader = {
  ...{ format: 1, target: "greenhouse-2.json", releaseDigest: "a".repeat(64) },
  expires: "2026-11-30T00:00:00Z",
};
const source = (path: string, text: string) => ({ path, sizeBytes: text.length, content: () => [Buffer.from(text)] });
const blob = (text: string) => source(exportPaths.blob(sha256(text)), text);

async function bytesOf(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

async function* inPieces(bytes: Buffer, sizeBytes: number) {
  for (let at = 0; at < bytes.length; at += sizeBytes) yield bytes.subarray(at, at + sizeBytes);
}

async function readAll(bytes: Buffer, sizeBytes = 700, isWanted: (name: string) => boolean = () => true) {
  const found: [string, string, string][] = [];
  for await (const { kind, name, content } of readExport(inPieces(bytes, sizeBytes))) {
    if (isWanted(name)) found.push([kind, name, (await bytesOf(content)).toString()]);
  }
  return found;
}

/** An archive of these entries in this order, whatever readers make of it. */
const rawly = (...entries: [path: string, text: string][]) =>
  Buffer.concat([
    ...entries.flatMap(([path, text]) => [
      encodeHeader({ path, sizeBytes: text.length, executable: false }),
      Buffer.from(text.padEnd(padded(text.length), "\0")),
    ]),
    Buffer.alloc(2 * blockBytes),
  ]);

const parts = [
  source(exportPaths.metadata("timestamp.json"), "when"),
  source(exportPaths.metadata("10.root.json"), "root ten"),
  source(exportPaths.metadata("9.root.json"), "root nine"),
  source(exportPaths.metadata("4.snapshot.json"), "which"),
  source(exportPaths.metadata("3.targets.json"), "what"),
  source(exportPaths.metadata("2.overlays-field.json"), "more"),
  source(exportPaths.document("a".repeat(64)), "the release"),
  blob("x".repeat(2000)),
  blob(""),
];

describe("[M11] a file of an export", () => {
  test("has the same bytes whatever order its parts are given in, and what names others after them", async () => {
    const bytes = await bytesOf(writeExport(header, parts));
    expect(await bytesOf(writeExport(header, parts.toReversed()))).toEqual(bytes);
    const found = await readAll(bytes);
    expect(found.map(([kind, name]) => `${kind} ${name.slice(0, 24)}`)).toEqual([
      "header export.json",
      "metadata 9.root.json",
      "metadata 10.root.json",
      "metadata 3.targets.json",
      "metadata 2.overlays-field.json",
      "metadata 4.snapshot.json",
      "metadata timestamp.json",
      `document ${"a".repeat(24)}`,
      ...[sha256(""), sha256("x".repeat(2000))].toSorted().map((digest) => `blob ${digest.slice(0, 24)}`),
    ]);
    expect(JSON.parse(found[0]?.[2] ?? "")).toEqual(header);
  });

  test("comes back whole in pieces of any size, and what is not wanted is passed over", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.string({ maxLength: 1500 }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 2000 }),
        fc.func(fc.boolean()),
        async (texts, sizeBytes, isWanted) => {
          const blobs = texts.map((text) => Buffer.from(text).toString("hex"));
          const bytes = await bytesOf(writeExport(header, blobs.map(blob)));
          const wanted = blobs.filter((text) => isWanted(sha256(text)));
          const found = await readAll(bytes, sizeBytes, (name) => name !== "export.json" && isWanted(name));
          expect(found.map(([, , text]) => text).toSorted()).toEqual(wanted.toSorted());
        },
      ),
      { numRuns: 40 },
    );
  });

  test("is refused wherever it was cut, and wherever a byte of what is no content was changed", async () => {
    const bytes = await bytesOf(writeExport(header, [blob("content of some length")]));
    const refused = async (damaged: Buffer) =>
      expect(await readAll(damaged).catch((error: BulkheadError) => error.code)).toBe("EXPORT_INVALID");
    for (let length = 0; length < bytes.length; length += 97) await refused(bytes.subarray(0, length));
    const isContent = (at: number) =>
      [blockBytes, 3 * blockBytes].some((start) => at >= start && at < start + blockBytes);
    for (let at = 0; at < bytes.length; at += 13) {
      // Padding is no content.
      if (isContent(at) && bytes[at] !== 0) continue;
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ 0x41;
      await refused(damaged);
    }
  });

  const [a, b] = ["a".repeat(64), "b".repeat(64)] as const;
  const first: [string, string] = ["export.json", "{}"];
  test.each<[string, Buffer]>([
    ["nothing at all", Buffer.alloc(0)],
    ["no header", rawly([`blobs/${a}`, ""])],
    ["a header twice", rawly(first, first)],
    ["a blob twice", rawly(first, [`blobs/${a}`, ""], [`blobs/${a}`, ""])],
    ["a blob before a document", rawly(first, [`blobs/${a}`, ""], [`documents/${a}`, ""])],
    ["blobs out of order", rawly(first, [`blobs/${b}`, ""], [`blobs/${a}`, ""])],
    [
      "two versions of the targets in the wrong order",
      rawly(first, ["metadata/3.targets.json", ""], ["metadata/2.targets.json", ""]),
    ],
    ["a name that is none of its own", rawly(first, ["blobs/run-me.sh", ""])],
    ["a folder within a folder", rawly(first, [`blobs/${a}/x`, ""])],
    ["other metadata", rawly(first, ["metadata/agent.json", ""])],
    ["a header that is too long", rawly(["export.json", " ".repeat(5000)])],
  ])("is refused with %s", async (_, bytes) => {
    await expect(readAll(bytes)).rejects.toMatchObject({ code: "EXPORT_INVALID", remedy: expect.any(String) });
  });

  test.each([
    ["a way out of its folder", (block: Buffer) => block.write("blobs/../../etc/passwd\0", 0, "latin1")],
    ["an absolute path", (block: Buffer) => block.write("/etc/passwd\0", 0, "latin1")],
    ["a link", (block: Buffer) => block.write("2", 156, "latin1")],
    ["a device", (block: Buffer) => block.write("3", 156, "latin1")],
    ["a giant", (block: Buffer) => block.write("77777777777", 124, "latin1")],
    ["a negative size", (block: Buffer) => block.write("-0000000001", 124, "latin1")],
    ["an owner", (block: Buffer) => block.write("0000001", 108, "latin1")],
    ["a program", (block: Buffer) => block.write("0000755", 100, "latin1")],
  ])("is refused with %s, its checksum put right", async (_, change) => {
    const bytes = rawly(first, [`blobs/${a}`, ""]);
    const block = bytes.subarray(2 * blockBytes, 3 * blockBytes);
    change(block);
    block.write("        ", 148, "latin1");
    const checksum = block.reduce((sum, byte) => sum + byte, 0);
    block.write(`${checksum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
    await expect(readAll(bytes)).rejects.toMatchObject({ code: "EXPORT_INVALID" });
  });

  test("is not written with what has no place in it, twice, or of another length", async () => {
    for (const wrong of [[blob("x"), blob("x")], [source("blobs/x", "")], [{ ...blob("x"), sizeBytes: 2 }]]) {
      await expect(bytesOf(writeExport(header, wrong))).rejects.toThrow(TypeError);
    }
  });
});
