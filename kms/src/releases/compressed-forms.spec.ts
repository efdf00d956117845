import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { brotliCompressSync, brotliDecompressSync } from "node:zlib";
import { sha256 } from "@bulkhead/protocol";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createCompressedForms, maxCompressedOnceBytes } from "./compressed-forms.ts";

const text = Buffer.from("a component's bundle says the same again and again\n".repeat(2000));
const digest = sha256(text);
let directory: string;
/** Which blobs were read to be compressed, in order. */
let reads: string[];
let blobs: Map<string, Buffer>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-forms-"));
  reads = [];
  blobs = new Map([[digest, text]]);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const stored = {
  lengthOf: async (name: string) => blobs.get(name)?.length,
  async *read(name: string) {
    reads.push(name);
    yield blobs.get(name) ?? Buffer.alloc(0);
  },
};
const open = (waitMs = 20_000) => createCompressedForms(directory, stored, waitMs);

describe("[M11] the small form of a blob", () => {
  test("is brotli's best, and made once, however many ask, at once and after a restart", async () => {
    const formOf = await open();
    const forms = await Promise.all(Array.from({ length: 20 }, () => formOf(digest)));
    const later = await (await open())(digest);
    for (const form of [...forms, later]) {
      const body = form ? await buffer(form.read()) : Buffer.alloc(0);
      expect([body.length, brotliDecompressSync(body).equals(text)]).toEqual([form?.lengthBytes, true]);
      expect(body.length).toBeLessThanOrEqual(brotliCompressSync(text).length);
    }
    expect(reads).toEqual([digest]);
  });

  test("is empty where nothing gets smaller, as with what is encrypted, and that is found out once", async () => {
    const content = randomBytes(50_000);
    const sealed = sha256(content);
    blobs.set(sealed, content);
    const formOf = await open();
    expect([(await formOf(sealed))?.lengthBytes, (await formOf(sealed))?.lengthBytes]).toEqual([0, 0]);
    expect(reads).toEqual([sealed]);
  });

  test("is not waited for longer than agreed, and there for who asks once it is made", async () => {
    const content = Buffer.from(randomBytes(400_000).toString("hex"));
    const large = sha256(content);
    blobs.set(large, content);
    const formOf = await open(1);
    expect(await formOf(large)).toBeUndefined();
    await vi.waitFor(async () => expect(await formOf(large)).toBeDefined(), { timeout: 30_000, interval: 20 });
    expect(reads).toEqual([large]);
  });

  test("is none of what is not there, and of what is too large to be held in memory", async () => {
    blobs.set("huge", Buffer.alloc(maxCompressedOnceBytes + 1));
    const formOf = await open();
    expect([await formOf("huge"), await formOf("nobody")]).toEqual([undefined, undefined]);
    expect(reads).toEqual([]);
  });

  test("that cannot be kept is not made again at each asking", async () => {
    const formOf = await open();
    await rm(directory, { recursive: true });
    expect([await formOf(digest), await formOf(digest)]).toEqual([undefined, undefined]);
    expect(reads).toEqual([digest]);
  });

  test("is none of a blob that is damaged, so that it is right once the blob is stored anew", async () => {
    blobs.set(digest, Buffer.from(text).fill(0, 5, 6));
    expect(await (await open())(digest)).toBeUndefined();
    blobs.set(digest, text);
    const form = await (await open())(digest);
    expect(brotliDecompressSync(form ? await buffer(form.read()) : Buffer.alloc(0)).equals(text)).toBe(true);
  });
});
