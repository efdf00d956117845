/** Each edge of the store by itself; histories of all of them are store.test.ts's. */
import { countOf, type Loss } from "@bulkhead/protocol";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createDisk, type Disk } from "../testing/cut-power.ts";
import { formatEntry, nameOfSegment } from "./segment.ts";
import { openStore, type Store } from "./store.ts";

const schema = z.strictObject({ n: z.number(), text: z.string() });
type Item = z.infer<typeof schema>;
const boundBytes = 3_000;
const lossOf = ({ n }: Item): Loss => ({ stream: "a", count: 1, fromMs: n, toMs: n });
const open = ({ files }: Disk, more: Partial<Parameters<typeof openStore<Item>>[0]> = {}) =>
  openStore({ files, schema, boundBytes, lossOf, ...more });
const diskOf = (files: ReadonlyMap<string, string> = new Map()) => createDisk(files, () => 0);
const items = (from: number, count: number, length = 30): Item[] =>
  Array.from({ length: count }, (_, at) => ({ n: from + at, text: "x".repeat(length) }));
const segment = (...numbers: number[]) => numbers.map((n) => formatEntry({ lost: [], item: { n, text: "" } })).join("");
const someLoss: Loss = { stream: "b", count: 7, fromMs: 1, toMs: 2 };

/** All that is there, and what was told as lost. */
async function readAll(store: Store<Item>, limit = 100): Promise<{ numbers: number[]; lost: Loss[] }> {
  const numbers: number[] = [];
  const lost: Loss[] = [];
  for (let batch = await store.read(limit, 10_000); batch; batch = await store.read(limit, 10_000)) {
    numbers.push(...batch.items.map(({ n }) => n));
    lost.push(...batch.lost);
    await batch.confirm();
  }
  return { numbers, lost };
}

describe("[K23] what a store finds", () => {
  test("is what was stored, or counted: an entry of which one letter is another's is none", async () => {
    const disk = diskOf();
    await (await open(disk)).append(items(0, 3), []);
    const files = disk.contents();
    for (const [name, text] of files) files.set(name, text.replace(/x"(?=\}\]\n$)/, 'y"'));
    const { numbers, lost } = await readAll(await open(diskOf(files)));
    expect(numbers).toEqual([0, 1]);
    expect(lost).toEqual([]);
  });

  test("has each number once: what a segment holds beyond the beginning of the next was never said to be stored", async () => {
    const files = new Map([
      [nameOfSegment(0), segment(0, 1, 92)],
      [nameOfSegment(2), segment(2, 3)],
    ]);
    expect(await readAll(await open(diskOf(files)))).toEqual({ numbers: [0, 1, 2, 3], lost: [] });
  });

  test("is not kept where its reader had it before the power went", async () => {
    const state = JSON.stringify({ format: 2, next: 2, lost: { before: 0, losses: [] } });
    const files = new Map([
      ["state.json", state],
      [nameOfSegment(0), segment(0, 1)],
      [nameOfSegment(2), segment(2, 3)],
    ]);
    const disk = diskOf(files);
    const store = await open(disk);
    expect([...disk.contents().keys()]).toEqual(["state.json", nameOfSegment(2)]);
    expect((await readAll(store)).numbers).toEqual([2, 3]);
  });

  test.each(["", "{", "null", '{"format":2,"next":-1,"lost":{"before":0,"losses":[]}}', undefined])(
    "is read from its first, and nothing counted as lost, where its state is %j",
    async (state) => {
      const files = new Map([[nameOfSegment(8), segment(8, 9)]]);
      if (state !== undefined) files.set("state.json", state);
      expect(await readAll(await open(diskOf(files)))).toEqual({ numbers: [8, 9], lost: [] });
    },
  );

  test("is made to fit where another release allows less, and what goes is counted", async () => {
    const disk = diskOf();
    await (await open(disk)).append(items(0, 40), []);
    const smaller = diskOf(disk.contents());
    const store = await open(smaller, { boundBytes: 1_000 });
    expect(smaller.sizeBytes()).toBeLessThanOrEqual(1_000);
    const { numbers, lost } = await readAll(store);
    expect(numbers.at(-1)).toBe(39);
    expect(numbers.length).toBeGreaterThan(0);
    expect(countOf(lost)).toBe(40 - numbers.length);
  });

  test("and cannot read, being of another version, is counted", async () => {
    const disk = diskOf();
    await (await open(disk)).append(items(0, 4), []);
    const even = schema.refine(({ n }) => n % 2 === 0);
    const { numbers, lost } = await readAll(await open(diskOf(disk.contents()), { schema: even }));
    expect([numbers, countOf(lost)]).toEqual([[0, 2], 2]);
  });
});

describe("[K23] what a reader gets", () => {
  test("is about as much as it asks for, and one at least", async () => {
    const store = await open(diskOf());
    await store.append(items(0, 10), []);
    expect((await store.read(100, 150))?.items.length).toBe(3);
    expect((await store.read(100, 1))?.items.length).toBe(1);
  });

  test("tells a loss in front of what followed it, not sooner", async () => {
    const store = await open(diskOf());
    await store.append(items(0, 3), []);
    await store.append(items(3, 2), [someLoss]);
    const first = await store.read(100, 10_000);
    expect([first?.items.length, first?.lost]).toEqual([3, []]);
    await first?.confirm();
    const second = await store.read(100, 10_000);
    expect([second?.items.length, second?.lost]).toEqual([2, [someLoss]]);
  });

  test("and confirms after it went for what is new, it does not get again, nor is it counted twice", async () => {
    const store = await open(diskOf());
    await store.append(items(0, 3), []);
    const batch = await store.read(2, 10_000);
    await store.append(items(3, 60), []);
    await batch?.confirm();
    const { numbers, lost } = await readAll(store);
    expect(numbers.at(-1)).toBe(62);
    expect(countOf(lost)).toBe(63 - numbers.length);
  });
});

describe("[K23] what a writer gives", () => {
  test("and is longer than any place for it is counted with what comes next", async () => {
    const store = await open(diskOf());
    await store.append([...items(0, 1), ...items(1, 1, 500), ...items(2, 1)], []);
    const { numbers, lost } = await readAll(store);
    expect([numbers, lost]).toEqual([[0, 2], [lossOf({ n: 1, text: "" })]]);
  });

  test("again, because nothing of it was stored, tells what was lost before it once", async () => {
    const disk = diskOf();
    const store = await open(disk);
    disk.leave(5);
    await expect(store.append(items(0, 2), [someLoss])).rejects.toMatchObject({ code: "STORAGE_FULL" });
    disk.leave(Number.POSITIVE_INFINITY);
    await store.append(items(0, 2), [someLoss]);
    expect(await readAll(store)).toEqual({ numbers: [0, 1], lost: [someLoss] });
    const withLong = [...items(2, 1), ...items(3, 1, 500)];
    disk.leave(5);
    await expect(store.append(withLong, [])).rejects.toMatchObject({ code: "STORAGE_FULL" });
    disk.leave(Number.POSITIVE_INFINITY);
    await store.append([...withLong, ...items(4, 1)], []);
    expect(await readAll(store)).toEqual({ numbers: [2, 4], lost: [lossOf({ n: 3, text: "" })] });
  });

  test("is not put behind the half of a line for which there was no room", async () => {
    const disk = diskOf();
    const store = await open(disk);
    await store.append(items(0, 13), []);
    disk.leave(10);
    await store.append(items(13, 1), []);
    disk.leave(Number.POSITIVE_INFINITY);
    await store.append(items(14, 1), []);
    await store.close();
    const { numbers, lost } = await readAll(await open(diskOf(disk.contents())));
    expect(numbers.slice(-2)).toEqual([13, 14]);
    expect(countOf(lost)).toBe(15 - numbers.length);
  });

  test("takes the place of the oldest on a full disk, and of which stream that was is known to the next process", async () => {
    const disk = diskOf();
    const store = await open(disk);
    await store.append(items(0, 20), []);
    disk.leave(0);
    await store.append(items(20, 1), []);
    const { numbers, lost } = await readAll(await open(diskOf(disk.contents())));
    expect(numbers.at(-1)).toBe(20);
    expect(lost.map(({ stream, count }) => [stream, count])).toEqual([["a", 21 - numbers.length]]);
  });
});
