import type { LogLine } from "@bulkhead/protocol";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { studioScope } from "../database/index.ts";
import { getDevice } from "../devices/index.ts";
import { openTestStore, type TestStore } from "../fixtures/store.ts";
import { appendLogs, readLogs } from "./index.ts";

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store?.remove());

const append = (id: string, lines: LogLine[], dropped = 0) =>
  appendLogs(store.database, studioScope, id, lines, dropped);
const read = (id: string) => readLogs(store.database, studioScope, id, { limit: 5000 });
const texts = (lines: readonly { text: string }[]) => lines.map(({ text }) => text);

/** One start of the host: its numbers begin anywhere, also below those of the last one; the clock goes on. */
const boots = fc.array(
  fc.record({
    firstSequence: fc.integer({ min: 0, max: 50 }),
    lines: fc.integer({ min: 1, max: 30 }),
    /** Where each connection begins to send again, as a part of what the device has, and how many lines it sends. */
    sendings: fc.array(fc.tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 1, max: 12 })), { maxLength: 6 }),
  }),
  { minLength: 1, maxLength: 4 },
);

describe("[M8] the console of a device", () => {
  it("holds each line once and in the device's order, whatever is sent again after kills, reconnects and reboots", async () => {
    await fc.assert(
      fc.asyncProperty(boots, async (history) => {
        const id = await store.enrol();
        const expected: string[] = [];
        const told: string[] = [];
        for (const [boot, { firstSequence, lines: count, sendings }] of history.entries()) {
          const lines = Array.from({ length: count }, (_, at) => lineOf(firstSequence + at, boot * 1000 + at, boot));
          expected.push(...texts(lines));
          let arrived = 0;
          for (const [percent, length] of [...sendings, [100, count] as const]) {
            // The KMS may have stored more than the device knows of: it begins at or before that, never behind it.
            const from = Math.floor((arrived * percent) / 100);
            told.push(...texts(await append(id, lines.slice(from, from + length))));
            arrived = Math.max(arrived, Math.min(count, from + length));
          }
        }
        expect(texts(await read(id))).toEqual(expected);
        expect(told).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  it("takes a batch once that two connections of the device bring at the same time", async () => {
    const id = await store.enrol();
    const lines = Array.from({ length: 200 }, (_, at) => lineOf(at, at, 0));
    const answers = await Promise.all([append(id, lines), append(id, lines), append(id, lines)]);
    expect(texts(await read(id))).toEqual(texts(lines));
    expect(answers.flat()).toHaveLength(200);
  });

  it("knows the whole ring of a device again, which was sent from the beginning after its position was lost", async () => {
    const id = await store.enrol();
    const lines = Array.from({ length: 10_000 }, (_, at) => lineOf(at, at, 0));
    const batches = Array.from({ length: 20 }, (_, at) => lines.slice(at * 500, (at + 1) * 500));
    for (const batch of batches) await append(id, batch);
    for (const batch of batches) expect(await append(id, batch)).toEqual([]);
    expect(texts(await read(id))).toEqual(texts(lines.slice(-5000)));
  });

  it("counts lines that the device lost once, however often they are reported", async () => {
    const id = await store.enrol();
    await append(id, [lineOf(10, 10, 0)], 9);
    await append(id, [lineOf(10, 10, 0), lineOf(11, 11, 0)], 9);
    expect((await getDevice(store.database, studioScope, id)).logsDropped).toBe(9);
  });

  it("[K23] says where lines are missing and how many, in their place and once", async () => {
    const id = await store.enrol();
    await append(id, [lineOf(1, 1_000, 0)]);
    await append(id, [lineOf(14, 9_000, 0)], 12);
    await append(id, [lineOf(14, 9_000, 0)], 12);
    expect(texts(await read(id))).toEqual([
      "boot 0 line 1",
      "lost 12 lines between 1970-01-01T00:00:01.000Z and 1970-01-01T00:00:09.000Z",
      "boot 0 line 14",
    ]);
  });
});

function lineOf(sequence: number, atMs: number, boot: number): LogLine {
  return { sequence, atMs, component: "fan", stream: "out", text: `boot ${boot} line ${sequence}` };
}
