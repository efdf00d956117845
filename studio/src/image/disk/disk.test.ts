import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parseBlockMap } from "../../flash/block-map.ts";
import { readBoards } from "../board.ts";
import type { Builder } from "../builder.ts";
import { makeBmap } from "./bmap.ts";
import { makeDisk } from "./disk.ts";
import { firstPartitionBytes, layOut, partition, partitions } from "./layout.ts";

const directory = mkdtempSync(join(tmpdir(), "bulkhead-disk-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const mebibyte = 1024 * 1024;

describe("the layout of a disk", () => {
  test("[K18] has its parts one behind the other, each in whole erase blocks of 4 MiB", () => {
    const layout = layOut(1);
    for (const [index, { startBytes, sizeBytes }] of layout.partitions.entries()) {
      expect(startBytes % (4 * mebibyte)).toBe(0);
      const before = layout.partitions[index - 1];
      expect(startBytes).toBe(before === undefined ? firstPartitionBytes : before.startBytes + before.sizeBytes);
      expect(startBytes + sizeBytes).toBeLessThan(layout.sizeBytes);
    }
  });

  test("[K18] has behind the slots as much room as the release that the board begins with takes", () => {
    for (const [bytes, mebibytes] of [
      [1, 4],
      [4 * mebibyte, 4],
      [4 * mebibyte + 1, 8],
    ] as const) {
      const layout = layOut(bytes);
      expect(layout.partitions.at(-1)).toMatchObject({ name: "factory", sizeBytes: mebibytes * mebibyte });
      expect(layout.partitions.slice(0, -1)).toEqual(partitions);
    }
  });

  test("[K18] has the same room for both slots", () => {
    for (const name of ["boot", "root"] as const)
      expect(partition(`${name}-a`).sizeBytes).toBe(partition(`${name}-b`).sizeBytes);
    expect(partition("state-0").sizeBytes).toBe(partition("state-1").sizeBytes);
  });

  test("[K18] leaves free where the boards' processors look for their boot loaders, and the table does too", () => {
    const tableBytes = 34 * 512;
    const places = readBoards().flatMap(({ image }) => [
      ...(image?.["boot-loader"]?.files ?? []).flatMap(({ at }) => (at === "beside" ? [] : [at])),
      ...(image?.bring ?? []).flatMap(({ at }) => at ?? []),
    ]);
    expect(places).toEqual(expect.arrayContaining([128 * 1024, 384 * 1024]));
    expect(places.filter((at) => at < tableBytes || at >= firstPartitionBytes)).toEqual([]);
  });
});

function bytesOf(file: string, start: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  const handle = openSync(file, "r");
  readSync(handle, bytes, 0, size, start);
  closeSync(handle);
  return bytes;
}

/** What a builder was asked for; it makes nothing. */
function recorder(): { builder: Builder; asked: { program: string; args: readonly string[]; input?: string }[] } {
  const asked: { program: string; args: readonly string[]; input?: string }[] = [];
  const run: Builder["run"] = async (program, args, options = {}) => {
    asked.push({ program, args, ...options });
    return "";
  };
  return { builder: { run }, asked };
}

describe("the image of a disk", () => {
  test("[K18] has each part and each boot loader at its place, and a map that names both, the records and the identity", async () => {
    const { builder, asked } = recorder();
    const loader = join(directory, "MLO");
    writeFileSync(loader, Buffer.alloc(5000, 0x4d));
    const file = join(directory, "disk.img");
    const record = Buffer.alloc(512, 0x52);
    const factory = join(directory, "factory");
    writeFileSync(factory, Buffer.alloc(5 * mebibyte, 0x46));
    const { sizeBytes: diskBytes, partitions: all } = layOut(5 * mebibyte);
    const behind = all.at(-1)?.startBytes ?? 0;
    const parts = { boot: Buffer.from("script"), "state-0": record };
    const loaders = [{ file: loader, at: 128 * 1024 }];
    const stretches = await makeDisk(builder, file, "disk.img", { parts, factory, loaders });

    expect(statSync(file).size).toBe(diskBytes);
    // Not the whole of it: it is nearly all holes.
    const at = (start: number, size: number) => bytesOf(file, start, size);
    expect(at(128 * 1024, 5000)).toEqual(Buffer.alloc(5000, 0x4d));
    expect(at(partition("boot").startBytes, 6).toString()).toBe("script");
    expect(at(partition("state-0").startBytes, 512)).toEqual(record);

    expect(at(behind, 5 * mebibyte).equals(readFileSync(factory))).toBe(true);
    const map = parseBlockMap(await makeBmap(file, stretches), "disk.bmap");
    const covers = (start: number, size: number) =>
      map.stretches.some(({ startByte, endByte }) => startByte <= start && start + size <= endByte);
    expect(map.imageBytes).toBe(diskBytes);
    for (const name of ["state-0", "state-1", "identity"] as const)
      expect(covers(partition(name).startBytes, partition(name).sizeBytes)).toBe(true);
    expect([covers(128 * 1024, 5000), covers(behind, 5 * mebibyte)]).toEqual([true, true]);
    expect([covers(0, 34 * 512), covers(diskBytes - 34 * 512, 34 * 512)]).toEqual([true, true]);
    expect(covers(partition("root-b").startBytes, 1)).toBe(false);

    const [table] = asked.filter(({ program }) => program === "sfdisk");
    const lines = table?.input?.split("\n") ?? [];
    expect(lines.filter((line) => line.startsWith("start=")).length).toBe(all.length);
    expect(lines.filter((line) => line.includes("LegacyBIOSBootable"))).toEqual([
      expect.stringContaining("name=boot,"),
    ]);
    const ids = lines.flatMap((line) => /uuid=([0-9a-f-]+)/.exec(line)?.[1] ?? []);
    expect(new Set(ids).size).toBe(all.length);
  });

  test.each([
    ["a part that is larger than its place", { boot: Buffer.alloc(8 * mebibyte + 1) }, 0],
    ["a boot loader that would reach into the first partition", {}, 4 * mebibyte - 128 * 1024 + 1],
  ])("[K18] is not made of %s", async (_, parts, loaderBytes) => {
    const loader = join(directory, "loader");
    writeFileSync(loader, Buffer.alloc(loaderBytes));
    const loaders = loaderBytes === 0 ? [] : [{ file: loader, at: 128 * 1024 }];
    const content = { parts, factory: loader, loaders };
    const making = makeDisk(recorder().builder, join(directory, "refused.img"), "refused.img", content);
    await expect(making).rejects.toMatchObject({
      code: "IMAGE_BUILD_FAILED",
      message: expect.stringMatching(/ has \d+ bytes; there is room for \d+$/),
    });
  });

  test("[K18] has a map that another byte anywhere in it makes another", async () => {
    const file = join(directory, "small");
    writeFileSync(file, Buffer.alloc(16 * 4096, 1));
    const stretches = [
      { startBytes: 0, sizeBytes: 10 },
      { startBytes: 4096, sizeBytes: 4097 },
      { startBytes: 10 * 4096, sizeBytes: 4096 },
    ];
    const text = await makeBmap(file, stretches);
    expect(parseBlockMap(text, "small").stretches.map(({ startByte, endByte }) => [startByte, endByte])).toEqual([
      [0, 3 * 4096],
      [10 * 4096, 11 * 4096],
    ]);
    const bytes = readFileSync(file);
    bytes[2 * 4096 + 5] = 2;
    writeFileSync(file, bytes);
    expect(await makeBmap(file, stretches)).not.toBe(text);
    expect(statSync(file).size).toBe(16 * 4096);
  });
});
