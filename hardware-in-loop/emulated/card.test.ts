import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { writeCard } from "./card.ts";

const sectorBytes = 512;

/** The extents of a descriptor: how many sectors, of which file. */
async function extentsOf(descriptor: string): Promise<{ sectors: number; file: string }[]> {
  const lines = (await readFile(descriptor, "utf8")).split("\n");
  return lines.flatMap((line) => {
    const [, sectors, file = ""] = /^RW (\d+) FLAT "(.+)" 0$/.exec(line) ?? [];
    return sectors === undefined ? [] : [{ sectors: Number(sectors), file }];
  });
}

test("a memory card has each image where its partition says, and the size of a card", async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 3_000_000 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(sizes, async (lengths) => {
      const directory = await mkdtemp(join(tmpdir(), "bulkhead-card-"));
      const images = lengths.map((_, index) => join(directory, `image-${index}`));
      for (const [index, length] of lengths.entries()) {
        await writeFile(images[index] ?? "", "");
        await truncate(images[index] ?? "", length * sectorBytes);
      }
      const extents = await extentsOf(await writeCard(directory, images));
      const table = await readFile(extents[0]?.file ?? "");
      expect(table.readUInt16LE(510)).toBe(0xaa55);
      let start = extents[0]?.sectors ?? 0;
      for (const [index, image] of images.entries()) {
        expect(extents[index + 1]).toEqual({ sectors: lengths[index], file: image });
        expect(table.readUInt32LE(446 + 16 * index + 8)).toBe(start);
        expect(table.readUInt32LE(446 + 16 * index + 12)).toBe(lengths[index]);
        start += lengths[index] ?? 0;
      }
      const whole = extents.reduce((sum, { sectors }) => sum + sectors, 0);
      expect(Math.log2(whole) % 1).toBe(0);
      await rm(directory, { recursive: true });
    }),
    { numRuns: 20 },
  );
});
