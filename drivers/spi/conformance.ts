/** What every back-end of the SPI driver does, through its server, on a device whose data out is joined with its data in. */
import { startComponent } from "@bulkhead/sdk/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SpiDriver } from "./driver.ts";
import { spiDriver } from "./server.ts";

export type SpiBench = {
  create(): SpiDriver;
  /** In a loop. */
  readonly device: string;
  /** Undefined where every name is a device. */
  readonly absent?: string;
};

export function conformance(name: string, bench: SpiBench): void {
  describe(`[K11] spi on ${name}`, () => {
    const start = () => startComponent(spiDriver(bench.create), { uses: {} });
    let driver: Awaited<ReturnType<typeof start>>;
    beforeEach(async () => {
      driver = await start();
    });
    afterEach(() => driver.stop());
    const connect = (grant: { device?: string; speed?: number; mode?: number } = {}) =>
      driver.connect("device", { grant: { device: bench.device, speed: 1_000_000, mode: 0, ...grant } }).client;

    test.each([1, 2, 64, 4096])("gives back %i bytes as they went out", async (length) => {
      const write = Uint8Array.from({ length }, (_, index) => (index * 37) & 0xff);
      expect((await connect().transfer({ write })).read).toEqual(write);
    });

    test("[K9] keeps to the granted clock, and to transfers that the kernel takes", async () => {
      const client = connect();
      const fast = client.transfer({ write: Uint8Array.of(1), speed: 1_000_001 });
      await expect(fast).rejects.toMatchObject({ code: "IPC_NOT_GRANTED" });
      for (const length of [0, 4097]) {
        const refused = client.transfer({ write: new Uint8Array(length) });
        await expect(refused).rejects.toMatchObject({ code: "IPC_ARGUMENTS_INVALID" });
      }
      expect((await client.transfer({ write: Uint8Array.of(7), speed: 500_000 })).read).toEqual(Uint8Array.of(7));
    });

    test("many transfers of two clients come each to who asked", async () => {
      const clients = [connect(), connect({ speed: 500_000 })];
      const asked = Array.from({ length: 20 }, (_, index) => Uint8Array.of(index, 255 - index));
      const answers = await Promise.all(asked.map((write, index) => clients[index % 2]?.transfer({ write })));
      expect(answers.map((answer) => answer?.read)).toEqual(asked);
    });

    test("who wants another mode than the one that a device is in is told so, and disturbs nobody", async () => {
      const first = connect({ mode: 0 });
      await first.transfer({ write: Uint8Array.of(1) });
      const second = connect({ mode: 3 }).transfer({ write: Uint8Array.of(2) });
      await expect(second).rejects.toMatchObject({ code: "DEVICE_BUSY" });
      expect((await first.transfer({ write: Uint8Array.of(3) })).read).toEqual(Uint8Array.of(3));
    });

    test.skipIf(bench.absent === undefined)("a device that is not there is told as such", async () => {
      const absent = connect({ device: bench.absent ?? "" }).transfer({ write: Uint8Array.of(1) });
      await expect(absent).rejects.toMatchObject({ code: "DEVICE_ABSENT" });
    });
  });
}
