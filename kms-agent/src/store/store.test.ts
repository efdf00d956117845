import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createDisk } from "../testing/cut-power.ts";
import { openStore, type Store } from "./store.ts";

const itemSchema = z.strictObject({ n: z.number(), text: z.string() });
type Item = z.infer<typeof itemSchema>;
const boundBytes = 2_000;

type Step =
  | { do: "append"; lines: number; length: number }
  | { do: "forward"; batches: number; limit: number; isLastConfirmed: boolean }
  | { do: "restart" }
  | { do: "full" }
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
  { weight: 1, arbitrary: fc.record({ do: fc.constant("full" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("power-cut" as const), after: fc.integer({ min: 0, max: 30 }) }),
  },
);

/** What the management service has: each item once, as its first coming says; losses are counted with new items only. */
function createReceiver() {
  const items: number[] = [];
  let lost = 0;
  return {
    items,
    lost: () => lost,
    take(batch: readonly Item[], lostBefore: number) {
      const known = new Set(items);
      const [first] = batch;
      if (first && !known.has(first.n)) lost += lostBefore;
      items.push(...batch.map(({ n }) => n).filter((n) => !known.has(n)));
    },
  };
}

async function live(history: readonly Step[], choices: readonly number[]) {
  let chosen = 0;
  const choose = (n: number) => (choices[chosen++ % Math.max(1, choices.length)] ?? 0) % n;
  const receiver = createReceiver();
  const promised: number[] = [];
  let disk = createDisk(new Map(), choose);
  let store = await openStore(disk.files, itemSchema, boundBytes);
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
    store = await openStore(disk.files, itemSchema, boundBytes);
  }
  async function append(lines: number, length: number): Promise<void> {
    const items = Array.from({ length: lines }, (_, at) => ({ n: next + at, text: "x".repeat(length) }));
    next += lines;
    appendedBytes += items.reduce((sum, item) => sum + JSON.stringify([0, item]).length + 10, 0);
    // Who could not store comes again with the same.
    await store.append(items, 0).catch(() => store.append(items, 0));
    promised.push(...items.map(({ n }) => n));
  }

  for (const it of history) {
    if (it.do === "append") await perform(() => append(it.lines, it.length));
    if (it.do === "forward") await perform(() => forward(store, receiver.take, it));
    if (it.do === "restart") await perform(() => store.close().then(() => reopen(disk.contents())));
    if (it.do === "full") disk.fill();
    if (it.do === "power-cut") disk.cutAfter(it.after);
  }
  disk.cutAfter(Number.POSITIVE_INFINITY);
  // What was lost last is told with what comes after it.
  await append(1, 0);
  await forward(store, receiver.take, { batches: 1_000, limit: 5, isLastConfirmed: true });
  return {
    receiver,
    promised,
    cuts,
    mostBytes,
    appendedBytes,
    isEmpty: store.isEmpty(),
    names: [...disk.contents().keys()],
  };
}

async function forward(
  store: Store<Item>,
  take: (items: readonly Item[], lost: number) => void,
  { batches, limit, isLastConfirmed }: { batches: number; limit: number; isLastConfirmed: boolean },
) {
  for (let left = batches; left > 0; left -= 1) {
    const batch = await store.read(limit, 10_000);
    if (!batch) return;
    take(batch.items, batch.lost);
    if (left > 1 || isLastConfirmed) await batch.confirm();
  }
}

const histories = fc.tuple(fc.array(step, { maxLength: 40 }), fc.array(fc.nat(), { minLength: 1, maxLength: 20 }));

describe("[K23] store and forward", () => {
  test("whatever is killed and wherever the power is cut: in order, within the bound, and what is missing was counted", async () => {
    await fc.assert(
      fc.asyncProperty(histories, async ([history, choices]) => {
        const { receiver, promised, mostBytes, isEmpty, names } = await live(history, choices);
        expect(receiver.items).toEqual([...receiver.items].sort((a, b) => a - b));
        const arrived = new Set(receiver.items);
        const missing = promised.filter((n) => !arrived.has(n));
        expect(missing.length).toBeLessThanOrEqual(receiver.lost());
        expect(mostBytes).toBeLessThanOrEqual(boundBytes);
        expect(isEmpty).toBe(true);
        expect(names.filter((name) => name.endsWith(".segment"))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test("what the bound allows is never lost, whatever is killed and wherever the power is cut", async () => {
    await fc.assert(
      fc.asyncProperty(histories, async ([history, choices]) => {
        const { receiver, promised, appendedBytes } = await live(history, choices);
        // An eighth of the bound is what is dropped at a time, and another what the newest segment has not used.
        fc.pre(appendedBytes < boundBytes * 0.75);
        const arrived = new Set(receiver.items);
        expect(promised.filter((n) => !arrived.has(n))).toEqual([]);
        expect(receiver.lost()).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test("without a power cut the count of what is missing is exact", async () => {
    const calm = histories.map(([history, choices]) => {
      // A batch that arrived unconfirmed may be dropped later: it then counts as lost though it arrived.
      const steps = history
        .filter((it) => it.do !== "power-cut")
        .map((it) => (it.do === "forward" ? { ...it, isLastConfirmed: true } : it));
      return [steps, choices] as const;
    });
    await fc.assert(
      fc.asyncProperty(calm, async ([history, choices]) => {
        const { receiver, promised } = await live(history, choices);
        expect(receiver.items.length + receiver.lost()).toBe(promised.length);
      }),
      { numRuns: 300 },
    );
  });
});
