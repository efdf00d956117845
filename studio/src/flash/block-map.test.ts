import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseBlockMap } from "./block-map.ts";
import { blockMap } from "./testing/image.ts";

// Made by bmaptool 3.6, of a file with three stretches of data and a last block that is not whole.
const real = readFileSync(join(import.meta.dirname, "testing/bmaptool.bmap"), "utf8");
const reasonFor = (text: string) => {
  try {
    return parseBlockMap(text, "x.bmap");
  } catch (error) {
    return (error as Error).message;
  }
};

test("[K18] a map that bmaptool made is read as it is meant", () => {
  const { imageBytes, stretches } = parseBlockMap(real, "x.bmap");
  expect(imageBytes).toBe(1_228_900);
  expect(stretches.map(({ startByte, endByte }) => [startByte, endByte])).toEqual([
    [0, 8192],
    [163_840, 176_128],
    [1_228_800, 1_228_900],
  ]);
  expect(stretches[0]?.sha256).toBe("78b0b0c373c185e0851fe78b0e3a61893460a68e60f7c773fecd1de397d0d4bb");
});

describe("a map that cannot be followed is refused", () => {
  const own = blockMap(Buffer.alloc(40_960, 1), [
    [0, 8192],
    [16_384, 20_480],
  ]);
  // With its own digest made anew, so that only what was done to it is wrong.
  const resealed = (change: (text: string) => string) => {
    const bare = change(own).replace(/(<BmapFileChecksum>)[0-9a-f]*/, `$1${"0".repeat(64)}`);
    return bare.replace("0".repeat(64), createHash("sha256").update(bare).digest("hex"));
  };
  test.each([
    ["cut off", (text: string) => text.slice(0, -40), "it was altered, or cut off"],
    ["altered", (text: string) => text.replace("4096", "8192"), "it was altered, or cut off"],
    ["of a version to come", (text: string) => text.replace('"2.0"', '"3.0"'), "it is of version 3.0"],
    ["with other digests", (text: string) => text.replace("sha256<", "sha1<"), "its digests are not SHA-256"],
    ["without a size", (text: string) => text.replaceAll("ImageSize", "Size"), "it was altered, or cut off"],
    [
      "with overlapping stretches",
      () => resealed((text) => text.replace(">4<", ">1<")),
      "its stretches overlap, or are out of order or of the image",
    ],
    [
      "beyond the image",
      () => resealed((text) => text.replace(">4<", ">10<")),
      "its stretches overlap, or are out of order or of the image",
    ],
    [
      "with fewer blocks than it says",
      () => resealed((text) => text.replace(">0-1<", ">0<")),
      "it has another number of blocks than it says",
    ],
    [
      "without a digest of a stretch",
      () => resealed((text) => text.replace(/ chksum="[0-9a-f]*"/, "")),
      "a stretch has no digest",
    ],
    ["no map", () => "hello", "it names no version"],
  ])("[K18] %s", (_, change, why) => {
    expect(reasonFor(change(own))).toBe(`x.bmap is no block map that can be followed: ${why}`);
  });
});

test.each(["<!--", "<Range", "<ImageSize>", `<ImageSize>${" ".repeat(64)}`])(
  "[K18] a map of four megabytes of %s is answered in a time that follows its size",
  (part) => {
    const hostile = `<bmap version="2.0"><ChecksumType>sha256</ChecksumType>${part.repeat(4_000_000 / part.length)}`;
    expect(reasonFor(hostile)).toMatch(/^x\.bmap is no block map/);
    expect(reasonFor(`<bmap version="2.0"><ImageSize>${" ".repeat(4_000_000)}`)).toMatch(/^x\.bmap is no block map/);
  },
);

test("[K18] whatever is in a map is an answer or a coded error", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 400 }), fc.nat(real.length), (noise, at) => {
      const outcome = reasonFor(real.slice(0, at) + noise + real.slice(at));
      if (typeof outcome === "string") expect(outcome).toMatch(/^x\.bmap is no block map/);
    }),
  );
});
