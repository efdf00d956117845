/** The agent's log through sessions that end, a KMS that forgets, agents that are killed, and a small store. */
import type { TraceNews, TraceSegment } from "@bulkhead/protocol";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type FakeDevice, makeFakeDevice } from "../testing/fake-device.ts";
import { type FakeKms, makeIdentities, startFakeKms } from "../testing/fake-kms.ts";

const keys = makeIdentities();
let kms: FakeKms;
let fake: FakeDevice;
beforeEach(async () => {
  kms = await startFakeKms(keys);
  fake = await makeFakeDevice(keys);
});
afterEach(async () => {
  await kms.close();
  await fake.remove();
});

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 10 });

describe("[K23] the log of a device that is not always connected", () => {
  test("lines that a KMS took and did not store come again", async () => {
    kms.acknowledge(false);
    const stop = await fake.start(kms.port);
    fake.write("precious");
    await eventually(() => expect(linesOf(kms)).toContain("precious"));
    const { port } = kms;
    await kms.close();
    kms = await startFakeKms(keys, port);
    await eventually(() => expect(linesOf(kms)).toEqual(["precious"]));
    await stop();
  });

  test("lines outlive the console's ring and the agent itself", async () => {
    const first = await fake.start(1);
    for (let i = 0; i < 1200; i += 1) fake.write(`line ${i}`);
    // Into the store and out of the ring.
    await first();
    fake.device.lines.splice(0);
    fake.device.lines.push({ sequence: 5000, atMs: 2, component: "climate", stream: "out", text: "after" });
    const second = await fake.start(kms.port, { incarnation: 2 });
    await eventually(() => expect(linesOf(kms)).toHaveLength(1201));
    expect(linesOf(kms)).toEqual([...Array.from({ length: 1200 }, (_, i) => `line ${i}`), "after"]);
    await second();
  });

  test("whatever dies when: every line, in order", async () => {
    const step = fc.constantFrom("write", "write", "kill the KMS", "restart the agent", "a KMS that forgets", "cut");
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 9 }), async (history) => {
        const result = await live(history);
        expect(result.arrived).toEqual(result.written);
      }),
      { numRuns: 6 },
    );
  });
});

describe("[K23] telemetry and traces of a device that is not always connected", () => {
  test("outlive the agent and their sources, and come in their order", async () => {
    const first = await fake.start(1);
    for (let n = 0; n < 700; n += 1) fake.publish(n);
    fake.device.traceNews.push(newsOf(0, 3), newsOf(3, 2, 7));
    await first();
    fake.device.samples.splice(0);
    fake.device.traceNews.splice(0);
    const second = await fake.start(kms.port, { incarnation: 2 });
    await eventually(() => expect(samplesOf(kms)).toEqual(Array.from({ length: 700 }, (_, n) => n)));
    await eventually(() => expect(segmentsOf(kms).map(({ first: line }) => line)).toEqual([0, 3]));
    // What was overwritten in the ring is told with what came after it.
    const traces = kms.received.flatMap((message) => (message.type === "trace" ? message.lost : []));
    expect(traces).toEqual([{ stream: "climate", count: 7, fromMs: null, toMs: null }]);
    await second();
  });

  test("come again where a KMS took and did not store them", async () => {
    kms.acknowledge(false);
    const stop = await fake.start(kms.port);
    fake.publish(1);
    await eventually(() => expect(samplesOf(kms)).toEqual([1]));
    const { port } = kms;
    await kms.close();
    kms = await startFakeKms(keys, port);
    await eventually(() => expect(samplesOf(kms)).toEqual([1]));
    await stop();
  });

  test("wait for a KMS that takes them: an older one never meets a message that it does not know", async () => {
    kms.take(undefined);
    const stop = await fake.start(kms.port);
    fake.publish(1);
    fake.device.traceNews.push(newsOf(0, 3));
    fake.write("a line");
    await eventually(() => expect(linesOf(kms)).toEqual(["a line"]));
    // A second batch: by then the others would have had their turn, too.
    fake.write("another");
    await eventually(() => expect(linesOf(kms)).toEqual(["a line", "another"]));
    expect([samplesOf(kms), segmentsOf(kms)]).toEqual([[], []]);
    kms.take(["telemetry", "trace"]);
    kms.socket()?.terminate();
    await eventually(() => expect(samplesOf(kms)).toEqual([1]));
    await eventually(() => expect(segmentsOf(kms)).toHaveLength(1));
    await stop();
  });
});

function newsOf(first: number, lines: number, missed = 0): TraceNews {
  const entries = Array.from({ length: lines }, (_, at) => [first + at, "m", "a mark"] as [number, "m", string]);
  const next = { ring: 1, segment: 1, offset: first + lines, line: first + lines };
  return { component: "climate", first, entries, damaged: 0, missed, next };
}

function samplesOf(from: FakeKms): number[] {
  return from.received.flatMap((message) =>
    message.type === "telemetry" ? message.samples.map(({ value }) => value) : [],
  );
}

function segmentsOf(from: FakeKms): TraceSegment[] {
  return from.received.flatMap((message) => (message.type === "trace" ? message.segments : []));
}

function linesOf(from: FakeKms): string[] {
  return from.received.flatMap((message) => (message.type === "log" ? message.lines.map(({ text }) => text) : []));
}

/** What a KMS that stores each line once has in the end. */
async function live(history: readonly string[]): Promise<{ written: string[]; arrived: string[] }> {
  const device = await makeFakeDevice(keys);
  let server = await startFakeKms(keys);
  const { port } = server;
  const stored = new Map<number, string>();
  // What came and was not acknowledged is as good as not stored.
  const keep = (from: FakeKms, does: boolean) => {
    for (const message of from.received) {
      if (message.type === "log" && does) for (const { sequence, text } of message.lines) stored.set(sequence, text);
    }
  };
  let stores = true;
  let stop = await device.start(port);
  let count = 0;
  const written: string[] = [];
  const write = () => {
    for (let i = 0; i < 30; i += 1) {
      written.push(`line ${count}`);
      device.write(`line ${count}`);
      count += 1;
    }
  };
  async function another(does: boolean): Promise<void> {
    await server.close();
    keep(server, stores);
    server = await startFakeKms(keys, port);
    stores = does;
    server.acknowledge(does);
  }
  try {
    for (const it of history) {
      write();
      if (it === "kill the KMS") await another(true);
      if (it === "a KMS that forgets") await another(false);
      if (it === "cut") server.socket()?.terminate();
      if (it === "restart the agent") {
        await stop();
        stop = await device.start(port, { incarnation: 2 });
      }
    }
    write();
    await another(true);
    await eventually(() => {
      keep(server, true);
      expect(stored.size).toBe(written.length);
    });
  } finally {
    await stop();
    await server.close();
    await device.remove();
  }
  return { written, arrived: [...stored.values()] };
}
