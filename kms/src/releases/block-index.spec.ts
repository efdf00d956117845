import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createBlockIndexes } from "./block-index.ts";

const blockBytes = 4096;
const content = createHash("shake256", { outputLength: 5 * blockBytes })
  .update("a base system")
  .digest();
const first6 = (at: number) =>
  createHash("sha256")
    .update(content.subarray(at, at + blockBytes))
    .digest()
    .subarray(0, 6);
const expected = Buffer.concat([0, 1, 2, 3, 4].map((block) => first6(block * blockBytes)));

async function indexes(lengthBytes: number, pieceBytes: number) {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-indexes-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  let [passes, atOnce, mostAtOnce] = [0, 0, 0];
  async function* read() {
    passes += 1;
    atOnce += 1;
    mostAtOnce = Math.max(mostAtOnce, atOnce);
    for (let at = 0; at < content.length; at += pieceBytes) yield content.subarray(at, at + pieceBytes);
    atOnce -= 1;
  }
  const of = await createBlockIndexes(directory, { lengthOf: async () => lengthBytes, read });
  return { directory, of, passes: () => passes, mostAtOnce: () => mostAtOnce };
}

test.each([1000, blockBytes, 3 * blockBytes + 1, 100_000])(
  "[M11] of each block a blob's index has six bytes of its SHA-256, however the blob is read (by %i)",
  async (pieceBytes) => {
    const { of } = await indexes(content.length, pieceBytes);
    expect(await of("a".repeat(64))).toEqual(expected);
  },
);

test("[M11] many who ask at once cost one pass over a blob, who asks later none, and one that was torn is made anew", async () => {
  const { directory, of, passes, mostAtOnce } = await indexes(content.length, 1000);
  const [one, other] = ["a".repeat(64), "b".repeat(64)];
  const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => of(at % 2 === 0 ? one : other)));
  for (const answer of [...answers, await of(one)]) expect(answer).toEqual(expected);
  expect([passes(), mostAtOnce()]).toEqual([2, 1]);
  expect((await readdir(directory)).sort()).toEqual([one, other]);
  await truncate(join(directory, one), 7);
  expect(await of(one)).toEqual(expected);
  expect(await readFile(join(directory, one))).toEqual(expected);
  expect(passes()).toBe(3);
});

test("[M11] a blob that cannot be read keeps no other from its index, and is read anew when it is asked for again", async () => {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-indexes-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const [torn, other] = ["a".repeat(64), "b".repeat(64)];
  let isTorn = true;
  async function* read(digest: string) {
    if (digest === torn && isTorn) throw new Error("torn");
    yield content;
  }
  const of = await createBlockIndexes(directory, { lengthOf: async () => content.length, read });
  const [first, second] = await Promise.allSettled([of(torn), of(other)]);
  expect(first).toMatchObject({ status: "rejected", reason: { message: "torn" } });
  expect(second).toEqual({ status: "fulfilled", value: expected });
  isTorn = false;
  expect(await of(torn)).toEqual(expected);
});

test.each([0, blockBytes + 1])("[M11] a blob of no whole blocks has no index (%i bytes)", async (lengthBytes) => {
  const { of, passes } = await indexes(lengthBytes, 1000);
  expect(await of("a".repeat(64))).toBeUndefined();
  expect(passes()).toBe(0);
});
