/** What devices forward, in PostgreSQL: each sample and piece of a trace once, within bounds of one device and of all. */
import type { Sample, TraceSegment } from "@bulkhead/protocol";
import { eq } from "drizzle-orm";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kmsConfigSchema } from "../config.ts";
import { studioScope } from "../database/index.ts";
import { losses as lossRows } from "../database/schema.ts";
import { openTestStore, type TestStore } from "../fixtures/store.ts";
import { readLosses } from "../losses/index.ts";
import { openTraces, readTraces } from "../traces/index.ts";
import { openSamples, readTelemetry } from "./index.ts";

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store?.remove());

const bounds = (small: Partial<ReturnType<typeof kmsConfigSchema.shape.keep.parse>> = {}) => ({
  ...kmsConfigSchema.shape.keep.parse({}),
  ...small,
});

const sampleOf = (sequence: number, stream = "temperature"): Sample => ({
  ...{ sequence, atMs: 1000 + sequence, component: "climate", stream, value: sequence / 2 },
});
const segmentOf = (first: number, text = "a mark"): TraceSegment => ({
  ...{ component: "climate", boot: "b", ring: 7, first, lines: 1, atMs: 1000 + first, entries: [[first, "m", text]] },
});
const samplesOf = async (id: string, limit = 5000) =>
  (await readTelemetry(store.database, studioScope, id, { limit }, null)).map(({ stream, points }) => ({
    stream,
    values: points.map(({ value }) => value * 2),
  }));
const losses = (id: string, kind: "telemetry" | "trace") => readLosses(store.database, studioScope, id, kind);
const loss = { stream: "climate.temperature", count: 3, fromMs: 10, toMs: 20 };

describe("[M8] telemetry of a device", () => {
  it("holds each sample once and in the device's order, whatever is sent again", async () => {
    const sendings = fc.array(fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 30 })), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(sendings, async (history) => {
        const samples = openSamples(store.database, studioScope, bounds());
        const id = await store.enrol();
        let arrived = 0;
        for (const [from, length] of [...history, [0, 60] as const]) {
          const begin = Math.min(from, arrived);
          const batch = Array.from({ length }, (_, at) => sampleOf(begin + at)).filter(({ sequence }) => sequence < 60);
          if (batch.length > 0) await samples.append(id, batch, []);
          arrived = Math.max(arrived, Math.min(60, begin + length));
        }
        expect((await samplesOf(id))[0]?.values).toEqual(Array.from({ length: 60 }, (_, n) => n));
      }),
      { numRuns: 15 },
    );
  });

  it("counts a loss once, with its stream and times, however often the batch behind it comes", async () => {
    const samples = openSamples(store.database, studioScope, bounds());
    const id = await store.enrol();
    for (let i = 0; i < 3; i += 1) await samples.append(id, [sampleOf(5), sampleOf(6, "fan")], [loss]);
    expect(await losses(id, "telemetry")).toMatchObject([loss]);
    expect(await losses(id, "trace")).toEqual([]);
    expect(await samplesOf(id)).toEqual([
      { stream: "fan", values: [6] },
      { stream: "temperature", values: [5] },
    ]);
  });

  it("is bounded for each device, for all of them together, and in age; the oldest goes", async () => {
    const samples = openSamples(store.database, studioScope, bounds({ samplesPerDevice: 40, samples: 100 }));
    const fleet = await Promise.all(Array.from({ length: 12 }, () => store.enrol()));
    for (const id of fleet) {
      for (let from = 0; from < 120; from += 20) {
        await samples.append(
          id,
          Array.from({ length: 20 }, (_, at) => sampleOf(from + at)),
          [],
        );
      }
      expect((await samplesOf(id))[0]?.values).toEqual(Array.from({ length: 40 }, (_, at) => 80 + at));
    }
    await samples.sweep(Date.now());
    const left = (await Promise.all(fleet.map((id) => samplesOf(id)))).map(([one]) => one?.values.length ?? 0);
    expect(left).toEqual([...Array.from({ length: 9 }, () => 0), 20, 40, 40]);
    await samples.sweep(Date.now() + 31 * 24 * 3600 * 1000);
    expect(await samplesOf(fleet.at(-1) ?? "")).toEqual([]);
  });
});

describe("[M8] of a device that makes up more than anybody looks at", () => {
  it("the first 128 streams are shown, and the newest 500 losses are kept", async () => {
    const samples = openSamples(store.database, studioScope, bounds());
    const id = await store.enrol();
    const name = (at: number) => `stream-${String(at).padStart(3, "0")}`;
    const made = Array.from({ length: 200 }, (_, at) => sampleOf(at, name(at)));
    await samples.append(id, made, []);
    expect((await samplesOf(id)).map(({ stream }) => stream)).toEqual(Array.from({ length: 128 }, (_, at) => name(at)));
    for (let batch = 0; batch < 12; batch += 1) {
      const lost = Array.from({ length: 50 }, (_, at) => ({ ...loss, count: batch * 50 + at + 1 }));
      await samples.append(id, [sampleOf(200 + batch)], lost);
    }
    const kept = await store.database.select({ count: lossRows.count }).from(lossRows).where(eq(lossRows.deviceId, id));
    expect(kept.map(({ count }) => count).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 500 }, (_, at) => 101 + at),
    );
  });
});

describe("[K16] traces that devices forward", () => {
  it("are there once, bounded for each device and for all of them together; the oldest go", async () => {
    const traces = openTraces(store.database, studioScope, bounds({ traceBytesPerDevice: 4096, traceBytes: 10_000 }));
    const fleet = await Promise.all(Array.from({ length: 6 }, () => store.enrol()));
    for (const id of fleet) {
      for (const first of [0, 1, 1, 2, 3, 4]) await traces.append(id, [segmentOf(first)], first === 1 ? [loss] : []);
      expect((await readTraces(store.database, studioScope, id)).map(({ first }) => first)).toEqual([1, 2, 3, 4]);
      expect(await losses(id, "trace")).toMatchObject([loss]);
    }
    await traces.sweep();
    const left = await Promise.all(fleet.map((id) => readTraces(store.database, studioScope, id)));
    expect(left.map((one) => one.map(({ first }) => first))).toEqual([[], [], [], [4], [1, 2, 3, 4], [1, 2, 3, 4]]);
  });
});
