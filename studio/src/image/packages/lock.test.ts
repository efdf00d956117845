import { describe, expect, test } from "vitest";
import { readBoards } from "../board.ts";
import { lockedPart, readLock } from "./lock.ts";
import { formatLocked, parseLocked, parseOffer } from "./locked.ts";
import { readRecipe } from "./recipe.ts";

const digest = "0a".repeat(32);
const path = "pool/main/l/lvm2/dmsetup_1.02.205-2_amd64.deb";
const line = `dmsetup 2:1.02.205-2 amd64 82344 ${digest} ${path}`;

test("[K18] a locked package is one line, and the same line again", () => {
  expect(parseLocked(line, "x.lock")).toEqual({
    ...{ name: "dmsetup", version: "2:1.02.205-2", architecture: "amd64", sizeBytes: 82_344, sha256: digest, path },
  });
  expect(formatLocked(parseLocked(line, "x.lock"))).toBe(line);
});

test("[K18] what apt offers is locked by name, version, digest and its place in the archive; which archive it was is not kept", () => {
  const offer = `'http://archive.invalid/debian/${path}' dmsetup_2%3a1.02.205-2_amd64.deb 82344 SHA256:${digest}`;
  expect(formatLocked(parseOffer(offer))).toBe(line);
});

describe("a line is refused", () => {
  test.each([
    ["without a digest", "dmsetup 2:1.02.205-2 amd64 82344"],
    ["with a digest that is short", line.replace(digest, digest.slice(1))],
    ["with a digest of another kind", line.replace(digest, "A".repeat(64))],
    ["for a processor that no board has", line.replace("amd64", "riscv64")],
    ["of no size", line.replace("82344", "0")],
    ["with a word too many", `${line} x`],
    ["whose name leads elsewhere", line.replace("dmsetup", "../dmsetup")],
    ["without a place in the archive", line.replace(` ${path}`, "")],
    ["whose place leads elsewhere", line.replace("main/l", "main/..")],
    ["whose place is another host's", line.replace("pool/", "http://elsewhere.invalid/pool/")],
  ])("[K18] %s, with the file that it is in", (_, wrong) => {
    expect(() => parseLocked(wrong, "x.lock")).toThrow(
      expect.objectContaining({
        code: "IMAGE_LOCK_INVALID",
        message: expect.stringContaining("x.lock"),
        remedy: "make it anew: bulkhead image lock",
      }),
    );
  });
});

test("[K18] the lock files have a part for all that the recipe and the board files name", async () => {
  const recipe = await readRecipe();
  const builder = lockedPart(await readLock(recipe.builder.architecture), "builder").map(({ name }) => name);
  expect(recipe.builder.packages.filter((name) => !builder.includes(name))).toEqual([]);
  for (const { architecture, image } of readBoards()) {
    if (image?.kernel === undefined || (architecture !== "arm64" && architecture !== "armhf")) continue;
    const lock = await readLock(architecture);
    const system = lockedPart(lock, "system").map(({ name }) => name);
    const wanted = [...recipe.system.packages, ...recipe.architectures[architecture].packages];
    expect(wanted.filter((name) => !system.includes(name))).toEqual([]);
    expect(lockedPart(lock, image.kernel).some(({ name }) => name === image.kernel)).toBe(true);
    const loader = image["boot-loader"]?.package;
    if (loader !== undefined) expect(lockedPart(lock, loader).map(({ name }) => name)).toEqual([loader]);
  }
});

test("[K18] what no lock has is refused: a part that is not there, an architecture without a file", async () => {
  const lock = await readLock("armhf");
  expect(() => lockedPart(lock, "linux-image-new")).toThrow(
    expect.objectContaining({ code: "IMAGE_LOCK_INVALID", message: "no lock file has the part linux-image-new" }),
  );
  await expect(readLock("riscv64")).rejects.toMatchObject({
    code: "IMAGE_LOCK_INVALID",
    remedy: "make it: bulkhead image lock",
  });
});
