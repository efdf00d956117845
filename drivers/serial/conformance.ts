/** What every back-end of the serial driver does, through its server, on a port whose other end says what it hears. */
import type { SerialSettings } from "@bulkhead/sdk";
import { maxSerialWriteBytes } from "@bulkhead/sdk";
import { describe, expect, test, vi } from "vitest";
import { eachOnBench } from "../testing/each-on-bench.ts";
import type { SerialDriver } from "./driver.ts";
import { serialDriver } from "./server.ts";

export type SerialBench = {
  create(): SerialDriver;
  readonly port: string;
  /** Undefined where every name is a port. */
  readonly absent?: string;
  /** What the port is set to while it is open, seen past the driver, as far as it shows here. */
  observe?(): Promise<Partial<SerialSettings>>;
  /** The other end holds its line low for longer than a byte takes; resolves when the port has seen it. */
  sendBreak?(): Promise<void>;
  /** The other end takes nothing, until `release`. */
  hold?(): { release(): void };
  unplug?(): Promise<() => Promise<void>>;
  close(): Promise<void>;
};

const patience = { timeout: 60_000, interval: 20 };
const plain = { dataBits: 8, parity: "none", stopBits: 1, flow: "none" } as const;
const highest = 115_200;

export function conformance(name: string, open: () => Promise<SerialBench>): void {
  describe(`[K11] serial on ${name}`, () => {
    const on = eachOnBench(open, serialDriver);
    const meet = (port = on.bench.port) => on.driver.connect("port", { grant: { port, speed: highest } });
    type Client = ReturnType<typeof meet>["client"];

    /** One that has the port open. */
    async function opened(settings: Partial<SerialSettings> = {}): Promise<Client> {
      const { client } = meet();
      await client.open({ ...plain, speed: highest, ...settings });
      return client;
    }
    const bytes = (length: number, step = 1) => Uint8Array.from({ length }, (_, at) => at * step);
    async function hear(input: ReturnType<Client["input"]>, length: number): Promise<Uint8Array> {
      const heard: number[] = [];
      while (heard.length < length) {
        const { done, value } = await input.next();
        if (done) throw new Error(`the stream ended after ${heard.length} of ${length} bytes`);
        heard.push(...value.data);
      }
      return Uint8Array.from(heard);
    }
    const gone = { code: "SERIAL_PORT_GONE" };

    test("every byte comes back as it went out, in order", async () => {
      const client = await opened();
      const input = client.input();
      const all = Array.from({ length: 4 }, (_, nth) => bytes(256, 2 * nth + 1));
      for (const data of all) await client.write({ data });
      await client.drain();
      expect(await hear(input, 1024)).toEqual(Uint8Array.from(all.flatMap((data) => [...data])));
    });

    test("is set as asked, each time that it is opened, and carries bytes", async () => {
      const client = await opened();
      for (const settings of [
        { ...plain, speed: 9600 },
        { ...plain, speed: 19_200, dataBits: 7, parity: "even" },
        { ...plain, speed: 57_600, parity: "odd", stopBits: 2 },
        { ...plain, speed: highest },
      ] as const) {
        await client.open(settings);
        const seen = (await on.bench.observe?.()) ?? {};
        expect(settings).toMatchObject(seen);
        const input = client.input();
        const data = bytes(64);
        await client.write({ data });
        expect(await hear(input, data.length)).toEqual(data);
        await input.return?.();
      }
    });

    test("[K9] is opened at no more than the granted speed, and written to in pieces of at most 1 KiB", async () => {
      const { client } = meet();
      const fast = client.open({ ...plain, speed: highest + 1 });
      await expect(fast).rejects.toMatchObject({ code: "IPC_NOT_GRANTED" });
      await client.open({ ...plain, speed: highest });
      const long = client.write({ data: new Uint8Array(maxSerialWriteBytes + 1) });
      await expect(long).rejects.toMatchObject({ code: "IPC_ARGUMENTS_INVALID" });
      const data = bytes(16);
      await client.write({ data });
      expect(await hear(client.input(), data.length)).toEqual(data);
    });

    test("what comes waits for a reader, and goes to the one that is there, not to one that left", async () => {
      const client = await opened();
      const left = client.input();
      left.next().catch(() => undefined);
      await left.return?.();
      const data = bytes(1024);
      for (const part of [data.subarray(0, 512), data.subarray(512)]) await client.write({ data: part });
      await client.drain();
      expect(await hear(client.input(), data.length)).toEqual(data);
    });

    test("who has not opened the port is told so", async () => {
      const { client } = meet();
      await expect(client.write({ data: bytes(1) })).rejects.toMatchObject(gone);
      await expect(client.drain()).rejects.toMatchObject(gone);
      await expect(client.input().next()).rejects.toMatchObject(gone);
    });

    test("a port that another has is told as such, disturbs nobody, and is to be had when the other has gone", async () => {
      const first = meet();
      await first.client.open({ ...plain, speed: highest });
      const { client } = meet();
      await expect(client.open({ ...plain, speed: 9600 })).rejects.toMatchObject({ code: "SERIAL_PORT_BUSY" });
      const data = bytes(32);
      const input = first.client.input();
      await first.client.write({ data });
      expect(await hear(input, data.length)).toEqual(data);
      first.leave();
      await vi.waitFor(() => client.open({ ...plain, speed: highest }), patience);
      const next = client.input();
      await client.write({ data });
      expect(await hear(next, data.length)).toEqual(data);
    });

    test("a port that is not there is told as such, and disturbs nobody on another", async ({ skip }) => {
      if (on.bench.absent === undefined) return skip("every name is a port here");
      const absent = meet(on.bench.absent).client.open({ ...plain, speed: 9600 });
      await expect(absent).rejects.toMatchObject({ code: "SERIAL_PORT_ABSENT" });
      await opened();
    });

    test("takes no more than the line does, and goes on when it does again", async ({ skip }) => {
      if (on.bench.hold === undefined) return skip("the other end takes all here");
      const client = await opened();
      const input = client.input();
      const { release } = on.bench.hold();
      const total = 512;
      let written = 0;
      const all = (async () => {
        for (let nth = 0; nth < total; nth += 1) {
          await client.write({ data: bytes(1024, 1).fill(nth) });
          written += 1;
        }
      })();
      let before = -1;
      const standsStill = () => {
        const stands = written > 0 && written === before;
        before = written;
        expect(stands).toBe(true);
      };
      await vi.waitFor(standsStill, { ...patience, interval: 200 });
      expect(written).toBeLessThan(total);
      release();
      const heard = hear(input, total * 1024);
      await all;
      const expected = Uint8Array.from({ length: total * 1024 }, (_, at) => at >> 10);
      expect(Buffer.compare(await heard, expected)).toBe(0);
    });

    test("a break on the line is at most a byte of zero, and what comes after it is heard", async ({ skip }) => {
      if (on.bench.sendBreak === undefined) return skip("no break can be sent here");
      const client = await opened();
      const input = client.input();
      await on.bench.sendBreak();
      const data = bytes(16).map((byte) => byte + 1);
      await client.write({ data });
      const heard: number[] = [];
      while (heard.at(-1) !== data.at(-1)) heard.push(...(await hear(input, 1)));
      // Of what is not whole some drivers of the kernel give nothing.
      const [first = 0] = heard;
      expect(first === 0 ? heard.slice(1) : heard).toEqual([...data]);
    });

    test("says so when the port is unplugged and while it is away, and opens it when it is back", async ({ skip }) => {
      if (on.bench.unplug === undefined) return skip("nothing can be unplugged here");
      const client = await opened();
      const reading = client.input().next();
      const read = expect(reading).rejects.toMatchObject(gone);
      const plug = await on.bench.unplug();
      await read;
      await expect(client.write({ data: bytes(1) })).rejects.toMatchObject(gone);
      await expect(client.drain()).rejects.toMatchObject(gone);
      const away = client.open({ ...plain, speed: highest });
      await expect(away).rejects.toMatchObject({ code: "SERIAL_PORT_ABSENT" });
      await plug();
      await client.open({ ...plain, speed: highest });
      const input = client.input();
      const data = bytes(64);
      await client.write({ data });
      expect(await hear(input, data.length)).toEqual(data);
    });
  });
}
