import { countOf, type Loss } from "@bulkhead/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createDisk } from "../testing/cut-power.ts";
import type { StoreFiles } from "./files.ts";
import { openStore, type Store } from "./store.ts";

const itemSchema = z.strictObject({ n: z.number(), text: z.string() });
type Item = z.infer<typeof itemSchema>;
/** STORE_RUNS=50 looks fifty times as long. */
const runs = (count: number): number => count * Number(process.env["STORE_RUNS"] ?? 1);
const boundBytes = 3_000;
/** Two streams, and times that are the numbers. */
const streamOf = (n: number) => (n % 3 === 0 ? "a" : "b");
const lossOf = ({ n }: Item): Loss => ({ stream: streamOf(n), count: 1, fromMs: n, toMs: n });
const open = (files: StoreFiles) => openStore({ files, schema: itemSchema, boundBytes, lossOf });

type Step =
  | { do: "append"; lines: number; length: number }
  | { do: "forward"; batches: number; limit: number; isLastConfirmed: boolean }
  | { do: "restart" }
  | { do: "full"; room: number }
  | { do: "room" }
  | { do: "power-cut"; after: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("append" as const),
      lines: fc.integer({ min: 1, max: 12 }),
      length: fc.integer({ min: 0, max: 90 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("forward" as const),
      batches: fc.integer({ min: 1, max: 6 }),
      limit: fc.integer({ min: 1, max: 8 }),
      isLastConfirmed: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("full" as const), room: fc.integer({ min: 0, max: 1_500 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("room" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("power-cut" as const), after: fc.integer({ min: 0, max: 30 }) }),
  },
);

/** What the management service has: each item once, as its first coming says; losses are counted with new items only. */
function createReceiver() {
  const items: number[] = [];
  const losses: Loss[] = [];
  /** Arrived, and the power was cut before the store knew: dropped later it counts as lost, and what was told with it twice. */
  const unsure = new Set<number>();
  let unsureLosses = 0;
  return {
    unsure: () => unsure.size + unsureLosses,
    items,
    losses,
    lost: () => countOf(losses),
    take(batch: readonly Item[], lostBefore: readonly Loss[]) {
      const known = new Set(items);
      const [first] = batch;
      if (first && !known.has(first.n)) losses.push(...lostBefore);
      items.push(...batch.map(({ n }) => n).filter((n) => !known.has(n)));
      for (const { n } of batch) unsure.add(n);
      unsureLosses += countOf(lostBefore);
    },
    confirmed(batch: readonly Item[], lostBefore: readonly Loss[]) {
      for (const { n } of batch) unsure.delete(n);
      unsureLosses -= countOf(lostBefore);
    },
  };
}

async function live(history: readonly Step[], choices: readonly number[]) {
  let chosen = 0;
  const choose = (n: number) => (choices[chosen++ % Math.max(1, choices.length)] ?? 0) % n;
  const receiver = createReceiver();
  const promised: number[] = [];
  const attempted: number[] = [];
  let ringLost: Loss[] = [];
  let disk = createDisk(new Map(), choose);
  let store = await open(disk.files);
  let next = 0;
  let cuts = 0;
  let mostBytes = 0;
  let appendedBytes = 0;

  async function perform(work: () => Promise<void>): Promise<void> {
    await Promise.race([work(), disk.cut]).catch(async (error: Error) => {
      if (!error.message.includes("power")) throw error;
      cuts += 1;
      await reopen(disk.remains());
    });
    mostBytes = Math.max(mostBytes, disk.sizeBytes());
  }
  async function reopen(files: ReadonlyMap<string, string>): Promise<void> {
    disk = createDisk(files, choose);
    store = await open(disk.files);
  }
  async function append(lines: number, length: number): Promise<void> {
    const items = Array.from({ length: lines }, (_, at) => ({ n: next + at, text: "x".repeat(length) }));
    next += lines;
    appendedBytes += items.reduce((sum, item) => sum + JSON.stringify([0, item]).length + 10, 0);
    attempted.push(...items.map(({ n }) => n));
    const stored = await store.append(items, ringLost).catch((error: Error) => {
      if (!error.message.includes("room")) throw error;
      return 0;
    });
    // What finds no place even so is lost where it came from, which tells of it with what comes next.
    promised.push(...items.slice(0, stored).map(({ n }) => n));
    const left = items.slice(stored);
    ringLost = stored > 0 ? left.map(lossOf) : [...ringLost, ...left.map(lossOf)];
  }

  for (const it of history) {
    if (it.do === "append") await perform(() => append(it.lines, it.length));
    if (it.do === "forward") await perform(() => forward(store, receiver, it));
    if (it.do === "restart") await perform(() => store.close().then(() => reopen(disk.contents())));
    if (it.do === "full") disk.leave(it.room);
    if (it.do === "room") disk.leave(Number.POSITIVE_INFINITY);
    if (it.do === "power-cut") disk.cutAfter(it.after);
  }
  disk.cutAfter(Number.POSITIVE_INFINITY);
  disk.leave(Number.POSITIVE_INFINITY);
  // What was lost last is told with what comes after it.
  await append(1, 0);
  await forward(store, receiver, { batches: 1_000, limit: 5, isLastConfirmed: true });
  return {
    receiver,
    promised,
    attempted,
    cuts,
    mostBytes,
    appendedBytes,
    isEmpty: store.isEmpty(),
    names: [...disk.contents().keys()],
  };
}

async function forward(
  store: Store<Item>,
  receiver: ReturnType<typeof createReceiver>,
  { batches, limit, isLastConfirmed }: { batches: number; limit: number; isLastConfirmed: boolean },
) {
  for (let left = batches; left > 0; left -= 1) {
    const batch = await store.read(limit, 10_000);
    if (!batch) return;
    receiver.take(batch.items, batch.lost);
    if (left === 1 && !isLastConfirmed) return;
    await batch.confirm();
    receiver.confirmed(batch.items, batch.lost);
  }
}

const steps = fc.array(step, { maxLength: 40, size: "max" });
const fewSteps = fc.array(step, { maxLength: 10, size: "max" });
const choices = fc.array(fc.nat(), { minLength: 1, maxLength: 20 });
const without = (kinds: readonly Step["do"][], of = steps) =>
  of.map((history) => history.filter((it) => !kinds.includes(it.do)));
/** All that arrives is also confirmed: what is not may be dropped later, and counts as lost though it arrived. */
const confirming = (history: readonly Step[]): Step[] =>
  history.map((it) => (it.do === "forward" ? { ...it, isLastConfirmed: true } : it));

/** On a disk that has no room for some hundred bytes, what was lost is not written down: whoever ends then forgets the count. */
const uncut = fc.oneof(without(["power-cut", "restart"]), without(["power-cut", "full", "room"]));

function missing(from: readonly number[], { items }: { items: readonly number[] }): number[] {
  const arrived = new Set(items);
  return from.filter((n) => !arrived.has(n));
}

describe("[K23] store and forward", () => {
  test("whatever is killed, filled and wherever the power is cut: in order, within the bound, and read to its end", async () => {
    await fc.assert(
      fc.asyncProperty(steps, choices, async (history, chosen) => {
        const { receiver, mostBytes, isEmpty, names } = await live(history, chosen);
        expect(receiver.items).toEqual([...receiver.items].sort((a, b) => a - b));
        expect(mostBytes).toBeLessThanOrEqual(boundBytes);
        expect(isEmpty).toBe(true);
        expect(names.filter((name) => name.endsWith(".segment"))).toEqual([]);
      }),
      { numRuns: runs(200) },
    );
  });

  test("wherever the power is cut, what is missing was counted, and nothing else but what was just being written or confirmed", async () => {
    await fc.assert(
      fc.asyncProperty(without(["full", "room"]).map(confirming), choices, async (history, chosen) => {
        const { receiver, promised, attempted } = await live(history, chosen);
        expect(receiver.lost()).toBeGreaterThanOrEqual(missing(promised, receiver).length);
        expect(receiver.lost()).toBeLessThanOrEqual(missing(attempted, receiver).length + receiver.unsure());
      }),
      { numRuns: runs(200) },
    );
  });

  test("what the bound allows is never lost, whatever is killed and wherever the power is cut", async () => {
    await fc.assert(
      fc.asyncProperty(without(["full", "room"], fewSteps), choices, async (history, chosen) => {
        const { receiver, promised, appendedBytes } = await live(history, chosen);
        // An eighth of the bound is what is dropped at a time, and another what the newest segment has not used.
        fc.pre(appendedBytes < boundBytes * 0.75);
        expect(missing(promised, receiver)).toEqual([]);
        expect(receiver.lost()).toBe(0);
      }),
      { numRuns: runs(300) },
    );
  });

  test("without a power cut the count is exact for each stream, with the first and the last time, on a full disk too", async () => {
    await fc.assert(
      fc.asyncProperty(uncut.map(confirming), choices, async (history, chosen) => {
        const { receiver, attempted } = await live(history, chosen);
        for (const stream of ["a", "b"]) {
          const gone = missing(attempted, receiver).filter((n) => streamOf(n) === stream);
          const told = receiver.losses.filter((loss) => loss.stream === stream);
          expect(countOf(told)).toBe(gone.length);
          if (gone.length === 0) continue;
          expect(Math.min(...told.map(({ fromMs }) => fromMs ?? -1))).toBe(gone[0]);
          expect(Math.max(...told.map(({ toMs }) => toMs ?? -1))).toBe(gone.at(-1));
        }
        expect(receiver.losses.filter(({ stream }) => stream === "")).toEqual([]);
      }),
      { numRuns: runs(200) },
    );
  });

  test("a full disk takes the oldest for what is new, and says so", async () => {
    const disk = createDisk(new Map(), () => 0);
    const told: Loss[][] = [];
    const onFull = (losses: readonly Loss[]) => told.push([...losses]);
    const store = await openStore({ files: disk.files, schema: itemSchema, boundBytes, lossOf, onFull });
    const items = Array.from({ length: 30 }, (_, n) => ({ n, text: "x".repeat(30) }));
    await store.append(items.slice(0, 20), []);
    disk.leave(100);
    expect(await store.append(items.slice(20), [])).toBe(10);
    expect(countOf(told.flat())).toBeGreaterThan(0);
    const receiver = createReceiver();
    await forward(store, receiver, { batches: 100, limit: 5, isLastConfirmed: true });
    expect(receiver.items.at(-1)).toBe(29);
    expect(receiver.lost()).toBe(countOf(told.flat()));
    expect(receiver.items).toHaveLength(30 - receiver.lost());
  });

  test("a segment that is damaged in its middle costs what was in it, counted", async () => {
    const disk = createDisk(new Map(), () => 0);
    const store = await open(disk.files);
    await store.append(
      Array.from({ length: 30 }, (_, n) => ({ n, text: "x".repeat(30) })),
      [],
    );
    const files = disk.contents();
    const [name = "", text = ""] = [...files].sort()[1] ?? [];
    const lines = text.split("\n");
    files.set(name, [lines[0], "not an entry", ...lines.slice(2)].join("\n"));
    const receiver = createReceiver();
    const again = await open(createDisk(files, () => 0).files);
    await forward(again, receiver, { batches: 100, limit: 100, isLastConfirmed: true });
    expect(receiver.lost()).toBe(lines.length - 2);
    expect(receiver.items).toHaveLength(30 - receiver.lost());
  });
});
