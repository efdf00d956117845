/** What every back-end of the CAN driver does, through its server, on two interfaces whose buses are joined (or one that is a bus of its own). */
import type { CanBusGrant } from "@bulkhead/protocol";
import { startComponent } from "@bulkhead/sdk/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { CanDriver } from "./driver.ts";
import { canDriver } from "./server.ts";

export type CanBench = {
  create(): CanDriver;
  readonly sender: string;
  readonly receiver: string;
  /** Undefined where every name is a bus. */
  readonly absent?: string;
  /** Takes the receiver's interface away. */
  unplug?(): Promise<() => Promise<void>>;
};

export function conformance(name: string, bench: CanBench): void {
  describe(`[K11] can on ${name}`, () => {
    let driver: Awaited<ReturnType<typeof start>>;
    const start = () => startComponent(canDriver(bench.create), { uses: {} });
    const connect = (device: string, grant: Partial<CanBusGrant>) =>
      driver.connect("bus", { grant: { device, send: [], receive: [], ...grant } }).client;
    type BusClient = ReturnType<typeof connect>;
    beforeEach(async () => {
      driver = await start();
    });
    afterEach(() => driver.stop());

    /** Reads in the background; resolves when the reader is at work, which the first frame shows. */
    async function listen(reader: BusClient, sender: BusClient, ready: number) {
      const heard: { id: number; data: number[]; timeUs: number; lost: number }[] = [];
      const frames = reader.frames();
      const done = (async () => {
        for await (const { data, ...frame } of frames) heard.push({ ...frame, data: [...data] });
      })().catch((error: unknown) => error);
      await vi.waitFor(
        async () => {
          await sender.send({ id: ready, data: new Uint8Array() });
          expect(heard.length).toBeGreaterThan(0);
        },
        { timeout: 30_000, interval: 20 },
      );
      const news = () => heard.filter(({ id }) => id !== ready);
      return { news, done, leave: () => frames.return?.() };
    }
    const patience = { timeout: 30_000, interval: 20 };

    test("carries frames of 11 and 29 bits, of no byte to eight, in order", async () => {
      const ids = [0x123, 0x7ff, 0x800, 0x1abcdef0];
      const sender = connect(bench.sender, { send: [1, ...ids] });
      const reader = connect(bench.receiver, { receive: [1, ...ids] });
      const { news } = await listen(reader, sender, 1);
      const frames = ids.flatMap((id) =>
        [0, 1, 8].map((length) => ({ id, data: new Uint8Array(length).fill(length) })),
      );
      for (const frame of frames) await sender.send(frame);
      await vi.waitFor(() => expect(news()).toHaveLength(frames.length), patience);
      expect(news().map(({ id, data }) => ({ id, data }))).toEqual(
        frames.map(({ id, data }) => ({ id, data: [...data] })),
      );
      const times = news().map(({ timeUs }) => timeUs);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(Math.abs((times[0] ?? 0) / 1000 - Date.now())).toBeLessThan(60_000);
    });

    test("[K9] a client hears the identifiers of its grant and no others, and sends no others", async () => {
      const sender = connect(bench.sender, { send: [1, 0x100, 0x101, 0x100 + 0x800] });
      const reader = connect(bench.receiver, { receive: [1, 0x101] });
      const { news } = await listen(reader, sender, 1);
      for (const id of [0x100, 0x100 + 0x800, 0x101]) await sender.send({ id, data: Uint8Array.of(1) });
      await vi.waitFor(() => expect(news()).toHaveLength(1), patience);
      expect(news()[0]?.id).toBe(0x101);
      const refused = sender.send({ id: 0x102, data: new Uint8Array() });
      await expect(refused).rejects.toMatchObject({ code: "IPC_NOT_GRANTED" });
    });

    test("[K9] who is granted nothing to hear hears nothing", async () => {
      const sender = connect(bench.sender, { send: [1, 2] });
      const witness = await listen(connect(bench.receiver, { receive: [1, 2] }), sender, 1);
      const deaf = connect(bench.receiver, {}).frames();
      let heard = 0;
      void deaf.next().then(
        ({ done }) => (heard += done ? 0 : 1),
        () => undefined,
      );
      for (let count = 0; count < 5; count += 1) await sender.send({ id: 2, data: new Uint8Array() });
      await vi.waitFor(() => expect(witness.news()).toHaveLength(5), patience);
      expect(heard).toBe(0);
      await deaf.return?.();
    });

    test("two clients of one interface hear each other, and none itself", async () => {
      const one = connect(bench.receiver, { send: [1, 2], receive: [1, 2, 3] });
      const other = connect(bench.receiver, { send: [1, 3], receive: [1, 2, 3] });
      const first = await listen(one, other, 1);
      const second = await listen(other, one, 1);
      await one.send({ id: 2, data: new Uint8Array() });
      await other.send({ id: 3, data: new Uint8Array() });
      await vi.waitFor(() => expect([first.news().length, second.news().length]).toEqual([1, 1]), patience);
      expect([first.news()[0]?.id, second.news()[0]?.id]).toEqual([3, 2]);
    });

    test("drops none of many that are read as they come", async () => {
      const sender = connect(bench.sender, { send: [1, 2] });
      const reader = connect(bench.receiver, { receive: [1, 2] });
      const { news } = await listen(reader, sender, 1);
      const sent = Array.from({ length: 500 }, (_, index) => index);
      // No more on their way at once than the smallest queue of a controller's driver takes.
      for (const index of sent) {
        await vi.waitFor(() => expect(news().length).toBeGreaterThan(index - 8), patience);
        await sender.send({ id: 2, data: Uint8Array.of(index & 0xff, index >> 8) });
      }
      await vi.waitFor(() => expect(news()).toHaveLength(500), patience);
      expect(news().map(({ data: [low = 0, high = 0], lost }) => [low + 256 * high, lost])).toEqual(
        sent.map((index) => [index, 0]),
      );
    });

    test("says how the bus is", async () => {
      expect(await connect(bench.sender, {}).state()).toEqual({ state: "active" });
    });

    test("says so when the interface is unplugged and while it is away, and goes on when it is back", async ({
      skip,
    }) => {
      if (bench.unplug === undefined) return skip("nothing can be unplugged here");
      const sender = connect(bench.sender, { send: [1, 2] });
      const client = connect(bench.receiver, { send: [3], receive: [1, 2] });
      const before = await listen(client, sender, 1);
      const plug = await bench.unplug();
      const code = { code: "DEVICE_ABSENT" };
      expect(await before.done).toMatchObject(code);
      await expect(client.send({ id: 3, data: new Uint8Array() })).rejects.toMatchObject(code);
      await plug();
      const { news } = await listen(client, sender, 1);
      await sender.send({ id: 2, data: Uint8Array.of(7) });
      await vi.waitFor(() => expect(news().map(({ data }) => data)).toEqual([[7]]), patience);
      await client.send({ id: 3, data: new Uint8Array() });
    });

    test.skipIf(bench.absent === undefined)("an interface that is not there is told as such", async () => {
      const client = connect(bench.absent ?? "", { send: [1], receive: [1] });
      const code = { code: "DEVICE_ABSENT" };
      await expect(client.send({ id: 1, data: new Uint8Array() })).rejects.toMatchObject(code);
      await expect(client.frames().next()).rejects.toMatchObject(code);
    });
  });
}
