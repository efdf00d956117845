import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { flash } from "./flash.ts";
import { openImage } from "./image.ts";
import { inspectTarget } from "./target.ts";
import { makeImage, type TestImage } from "./testing/image.ts";

const directory = mkdtempSync(join(tmpdir(), "bulkhead-flash-test-"));
const card = join(directory, "card");
let made: TestImage;

beforeAll(() => {
  made = makeImage(directory, { sizeMiB: 12 });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A card of 16 MiB that holds what another system left there. */
function usedCard(sizeMiB = 16): void {
  writeFileSync(card, Buffer.alloc(sizeMiB * 1024 * 1024, 0xee));
}

async function flashCard(
  identity?: Buffer,
  onProgress: (step: string, done: number, total: number) => void = () => undefined,
) {
  const image = await openImage(made.file);
  const target = await inspectTarget(card);
  try {
    return await flash({ image, target, identity: identity && (async () => identity), onProgress });
  } finally {
    await image.handle.close();
  }
}

describe("[K18] flashing a file", () => {
  test("[K18] brings what is mapped, leaves what is not, and removes what an older system began with", async () => {
    usedCard();
    const told: string[] = [];
    const { writtenBytes } = await flashCard(undefined, (step, done, total) => told.push(`${step} ${done === total}`));
    const there = readFileSync(card);
    const mebibyte = 1024 * 1024;
    for (const [start, end] of [
      [0, 34 * 512],
      [mebibyte, 3 * mebibyte],
      [8 * mebibyte, 11 * mebibyte],
    ])
      expect(there.subarray(start, end).equals(made.bytes.subarray(start, end))).toBe(true);
    expect(there.subarray(5 * mebibyte, 8 * mebibyte).every((byte) => byte === 0xee)).toBe(true);
    expect(there.subarray(15 * mebibyte).every((byte) => byte === 0)).toBe(true);
    expect(writtenBytes).toBeLessThan(made.bytes.length - 3 * mebibyte);
    expect(told.filter((line) => line.endsWith("true"))).toEqual(["writing true", "reading back true"]);
  });

  test("[K18] puts the identity into its partition, and nowhere else", async () => {
    usedCard();
    const identity = Buffer.from("who this board is");
    await flashCard(identity);
    const there = readFileSync(card);
    expect(there.subarray(made.identityByte, made.identityByte + identity.length)).toEqual(identity);
    expect(readFileSync(made.file).includes(identity)).toBe(false);
  });

  test("[K18] what another board's card had in that partition is gone to its end, also where the image brings nothing there", async () => {
    usedCard();
    const { file, identityByte } = makeImage(mkdtempSync(join(directory, "bare-")), {
      sizeMiB: 12,
      isIdentityMapped: false,
    });
    const image = await openImage(file);
    const identity = async () => Buffer.from("who this board is");
    await flash({ image, target: await inspectTarget(card), identity, onProgress: () => undefined });
    await image.handle.close();
    const place = readFileSync(card).subarray(identityByte, identityByte + 1024 * 1024);
    expect(place.subarray(17).every((byte) => byte === 0)).toBe(true);
  });

  test("[K18] an identity that cannot be had leaves a card that starts nothing", async () => {
    usedCard();
    const image = await openImage(made.file);
    const identity = () => Promise.reject(new Error("no service"));
    await expect(
      flash({ image, target: await inspectTarget(card), identity, onProgress: () => undefined }),
    ).rejects.toThrow("no service");
    await image.handle.close();
    expect(
      readFileSync(card)
        .subarray(0, 34 * 512)
        .every((byte) => byte === 0),
    ).toBe(true);
  });

  test("[K18] secrets go to no place that the image's table makes up outside of it", async () => {
    usedCard();
    const file = await open(made.file, "r+");
    const entry = 1024 + 128;
    // As a sector: 14 MiB, behind the image's end and before the card's.
    const [start, last] = [Buffer.alloc(8), Buffer.alloc(8)];
    start.writeBigUInt64LE(BigInt((14 * 1024 * 1024) / 512));
    last.writeBigUInt64LE(BigInt((15 * 1024 * 1024) / 512 - 1));
    await file.write(Buffer.concat([start, last]), 0, 16, entry + 32);
    await expect(flashCard(Buffer.from("secret"))).rejects.toThrow(
      expect.objectContaining({ code: "FLASH_IMAGE_INVALID" }),
    );
    await file.write(made.bytes.subarray(entry + 32, entry + 48), 0, 16, entry + 32);
    await file.close();
    expect(readFileSync(card).every((byte) => byte === 0xee)).toBe(true);
  });

  test("[K18] an image that is altered while it is written gives the card nothing that was not checked", async () => {
    usedCard();
    const head = made.bytes.subarray(0, 34 * 512);
    let isAltered = false;
    const onProgress = (step: string) => {
      if (step !== "reading back" || isAltered) return;
      isAltered = true;
      writeFileSync(made.file, Buffer.alloc(34 * 512, 0x41), { flag: "r+" });
    };
    await flashCard(undefined, onProgress);
    writeFileSync(made.file, head, { flag: "r+" });
    expect(
      readFileSync(card)
        .subarray(0, 34 * 512)
        .equals(head),
    ).toBe(true);
  });

  test("[K18] another file, or card, in the place of the one that was looked at is not written", async () => {
    usedCard();
    const image = await openImage(made.file);
    const target = await inspectTarget(card);
    const other = join(directory, "other");
    writeFileSync(other, Buffer.alloc(16 * 1024 * 1024, 0xdd));
    const asked = () => flash({ image, target, identity: undefined, onProgress: () => undefined });
    const refused = expect.objectContaining({ code: "FLASH_TARGET_REFUSED" });
    rmSync(card);
    symlinkSync(other, card);
    await expect(asked()).rejects.toThrow(refused);
    rmSync(card);
    copyFileSync(other, card);
    await expect(asked()).rejects.toThrow(refused);
    await image.handle.close();
    for (const file of [other, card]) expect(readFileSync(file).every((byte) => byte === 0xdd)).toBe(true);
  });

  test("[K18] what has the card's name while it is opened, and not before and after, is not written", async () => {
    usedCard();
    const other = join(directory, "other");
    copyFileSync(card, other);
    const looked = await inspectTarget(card);
    // The path is asked for once by what opens it, and by what compares after that.
    let asked = 0;
    const target = Object.defineProperty({ ...looked }, "path", { get: () => (++asked === 1 ? other : looked.path) });
    const image = await openImage(made.file);
    await expect(flash({ image, target, identity: undefined, onProgress: () => undefined })).rejects.toThrow(
      expect.objectContaining({ code: "FLASH_TARGET_REFUSED" }),
    );
    await image.handle.close();
    for (const file of [other, card]) expect(readFileSync(file).every((byte) => byte === 0xee)).toBe(true);
  });

  test.each([
    ["in the stretch that begins with the table, behind it", 18_000],
    ["in the table itself", 600],
    ["in another stretch", 9_000_000],
  ])("[K18] an image that is not what its map says %s leaves a card that starts nothing", async (_, at) => {
    usedCard();
    const byte = made.bytes[at] ?? 0;
    const file = await open(made.file, "r+");
    await file.write(Buffer.from([byte ^ 1]), 0, 1, at);
    await expect(flashCard()).rejects.toThrow(expect.objectContaining({ code: "FLASH_IMAGE_INVALID" }));
    await file.write(Buffer.from([byte]), 0, 1, at);
    await file.close();
    expect(
      readFileSync(card)
        .subarray(0, 34 * 512)
        .every((one) => one === 0),
    ).toBe(true);
  });

  test.each([
    ["a bit that fell over", (bytes: Buffer) => bytes.writeUInt8((bytes[2_000_000] ?? 0) ^ 1, 2_000_000)],
    ["a stretch that was never written", (bytes: Buffer) => bytes.fill(0, 9_000_000, 9_100_000)],
  ])("[K18] %s is seen when the card is read back", async (_, spoil) => {
    usedCard();
    const image = await openImage(made.file);
    let isSpoilt = false;
    const onProgress = (step: string, done: number, total: number) => {
      if (step !== "writing" || done < total || isSpoilt) return;
      isSpoilt = true;
      const bytes = readFileSync(card);
      spoil(bytes);
      writeFileSync(card, bytes);
    };
    await expect(flash({ image, target: await inspectTarget(card), identity: undefined, onProgress })).rejects.toThrow(
      expect.objectContaining({ code: "FLASH_VERIFY_FAILED" }),
    );
    await image.handle.close();
    expect(
      readFileSync(card)
        .subarray(0, 34 * 512)
        .every((byte) => byte === 0),
    ).toBe(true);
  });

  test("[K18] a card that turns out shorter than it said is seen when it is read back", async () => {
    usedCard();
    const onProgress = (step: string, done: number, total: number) => {
      if (step === "writing" && done === total) truncateSync(card, 10 * 1024 * 1024);
    };
    await expect(flashCard(undefined, onProgress)).rejects.toThrow(
      expect.objectContaining({ code: "FLASH_VERIFY_FAILED" }),
    );
  });
});

describe("[K18] an image's papers", () => {
  test("[K18] name its board, by way of the digests of its map", async () => {
    const image = await openImage(made.file);
    await image.handle.close();
    expect(image.board).toBe("qemu-virt-arm64");
  });

  test("[K18] of another image are refused, and without papers nothing says which board it is", async () => {
    const other = mkdtempSync(join(directory, "other-"));
    const second = makeImage(other, { sizeMiB: 12, seed: 2 });
    writeFileSync(
      join(other, "qemu-virt-arm64.provenance.json"),
      readFileSync(made.file.replace(/img$/, "provenance.json")),
    );
    await expect(openImage(second.file)).rejects.toThrow(expect.objectContaining({ code: "FLASH_IMAGE_INVALID" }));
    rmSync(join(other, "qemu-virt-arm64.provenance.json"));
    const image = await openImage(second.file);
    await image.handle.close();
    expect(image.board).toBeUndefined();
  });

  test("[K18] a map of an image of another size is refused", async () => {
    const other = mkdtempSync(join(directory, "cut-"));
    const cut = makeImage(other, { sizeMiB: 12 });
    truncateSync(cut.file, 11 * 1024 * 1024);
    await expect(openImage(cut.file)).rejects.toThrow("bytes, and 12582912 by its block map");
  });
});
