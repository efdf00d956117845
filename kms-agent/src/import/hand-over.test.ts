/** The first line of who brings a file, however it is cut up on its way. */
import { maxImportLineBytes, sha256 } from "@bulkhead/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { takeHandOver } from "./hand-over.ts";

async function* piecesOf(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let from = 0;
  for (const size of sizes) {
    yield bytes.subarray(from, from + size);
    from += size;
  }
  yield bytes.subarray(from);
}

async function contentOf(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

test("[M11] what comes behind the first line is the file, to the byte", async () => {
  const sizes = fc.array(fc.nat(100), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fc.option(fc.string().map(sha256)), fc.uint8Array(), sizes, async (digest, file, cuts) => {
      const bytes = Buffer.concat([Buffer.from(`${JSON.stringify({ digest })}\n`), file]);
      const taken = await takeHandOver(piecesOf(bytes, cuts));
      expect(taken.digest).toBe(digest);
      expect(await contentOf(taken.file)).toEqual(Buffer.from(file));
    }),
  );
});

test("[M11] a first line without an end is not read on for one", async () => {
  const piece = Buffer.alloc(1024, "x");
  let taken = 0;
  async function* endless(): AsyncGenerator<Buffer> {
    for (; taken < 64 * maxImportLineBytes; taken += piece.length) yield piece;
  }
  await expect(takeHandOver(endless())).rejects.toMatchObject({ code: "EXPORT_INVALID" });
  expect(taken).toBeLessThan(2 * maxImportLineBytes);
});

test.each(["", "x", '{"digest":null}', '{"digest":7}\n', '{"digest":null,"more":1}\n', "{}\n", "\n"])(
  "[M11] %j is no hand-over",
  async (text) => {
    await expect(takeHandOver(piecesOf(Buffer.from(text), []))).rejects.toMatchObject({ code: "EXPORT_INVALID" });
  },
);
