/** The agent's log through sessions that end, a KMS that forgets, agents that are killed, and a small store. */
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
