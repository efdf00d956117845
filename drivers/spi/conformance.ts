/** What every back-end of the SPI driver does, through its server, with a chip behind the device whose answers are known. */
import { describe, expect, test, vi } from "vitest";
import { eachOnBench } from "../testing/each-on-bench.ts";
import { maxTransferBytes, type SpiDriver, type SpiTerms } from "./driver.ts";
import { spiDriver } from "./server.ts";
import type { Exchange, SpiChip } from "./testing/chips.ts";

type Mode = SpiTerms["mode"];

export type SpiBench = {
  create(): SpiDriver;
  readonly device: string;
  readonly chip: SpiChip;
  /** Two that the chip takes. */
  readonly modes: readonly [Mode, Mode];
  /** Undefined where every name is a device. */
  readonly absent?: string;
  /** What the device is set to while it is open, seen past the driver. */
  observe?(): Promise<SpiTerms>;
  unplug?(): Promise<() => Promise<void>>;
  close(): Promise<void>;
};

const patience = { timeout: 60_000, interval: 20 };

export function conformance(name: string, open: () => Promise<SpiBench>): void {
  describe(`[K11] spi on ${name}`, () => {
    const on = eachOnBench(open, spiDriver);
    const meet = (grant: { device?: string; speed?: number; mode?: Mode } = {}) =>
      on.driver.connect("device", {
        grant: { device: on.bench.device, speed: 1_000_000, mode: on.bench.modes[0], ...grant },
      });
    const connect = (grant: Parameters<typeof meet>[0] = {}) => meet(grant).client;

    /** Makes one transfer, and expects what must come back of it. */
    async function exchange(client: ReturnType<typeof connect>, { write, read: expected }: Exchange): Promise<void> {
      const { read } = await client.transfer({ write: Uint8Array.from(write) });
      const known = [...read].map((byte, at) => (expected[at] === undefined ? undefined : byte));
      expect(known).toEqual(write.map((_, at) => expected[at]));
    }

    test.each([1, 2, 64, maxTransferBytes])("a transfer of %i bytes goes both ways at once", async (length) => {
      await exchange(connect(), on.bench.chip.exchange(length, 0));
    });

    test("[K9] keeps to the granted clock, and to transfers that the kernel takes", async () => {
      const client = connect();
      const fast = client.transfer({ write: Uint8Array.of(0), speed: 1_000_001 });
      await expect(fast).rejects.toMatchObject({ code: "IPC_NOT_GRANTED" });
      for (const length of [0, maxTransferBytes + 1]) {
        const refused = client.transfer({ write: new Uint8Array(length) });
        await expect(refused).rejects.toMatchObject({ code: "IPC_ARGUMENTS_INVALID" });
      }
      const slower = on.bench.chip.exchange(16, 0);
      await client.transfer({ write: Uint8Array.from(slower.write), speed: 500_000 });
      await exchange(client, slower);
    });

    test("the device is in the mode and at the clock of the grant", async ({ skip }) => {
      const { observe, modes } = on.bench;
      if (observe === undefined) return skip("nothing here shows it");
      for (const terms of modes.map((mode, nth) => ({ mode, speed: 1_000_000 / (nth + 1) }))) {
        const { client, leave } = meet(terms);
        await vi.waitFor(() => client.transfer({ write: Uint8Array.of(0) }), patience);
        expect(await observe()).toEqual(terms);
        leave();
      }
    });

    test("the chip is selected for each transfer, and let go after it", async ({ skip }) => {
      const { letGo } = on.bench.chip;
      if (letGo === undefined) return skip("nothing here shows it");
      const client = connect();
      for (const one of letGo) await exchange(client, one);
    });

    test("what one client writes the chip keeps, and gives to another", async ({ skip }) => {
      const { chip } = on.bench;
      if (chip.keeping === undefined) return skip("it keeps nothing");
      for (const value of [0xa5, 0x5a]) {
        const [writer, reader] = [connect(), connect()];
        const steps = chip.keeping(value);
        for (const step of steps) await exchange(writer, step);
        for (const last of steps.slice(-1)) await exchange(reader, last);
      }
    });

    test("many transfers of two clients come each to who asked", async () => {
      const clients = [connect(), connect({ speed: 500_000 })] as const;
      const all = Array.from({ length: 40 }, (_, nth) => on.bench.chip.exchange(16, nth));
      await Promise.all(all.map((one, nth) => exchange(clients[nth % 2 === 0 ? 0 : 1], one)));
    });

    test("who wants another mode than the one that a device is in is told so, and has it when the other has gone", async () => {
      const [first, second] = [meet(), connect({ mode: on.bench.modes[1] })];
      const known = on.bench.chip.exchange(16, 0);
      await exchange(first.client, known);
      await expect(exchange(second, known)).rejects.toMatchObject({ code: "DEVICE_BUSY" });
      await exchange(first.client, known);
      first.leave();
      await vi.waitFor(() => exchange(second, known), patience);
    });

    test("a device that is not there is told as such, and disturbs nobody on another", async ({ skip }) => {
      if (on.bench.absent === undefined) return skip("every name is a device here");
      const absent = connect({ device: on.bench.absent }).transfer({ write: Uint8Array.of(0) });
      await expect(absent).rejects.toMatchObject({ code: "DEVICE_ABSENT" });
      await exchange(connect(), on.bench.chip.exchange(16, 0));
    });

    test("says so while the device is away, and goes on when it is back", async ({ skip }) => {
      if (on.bench.unplug === undefined) return skip("nothing can be unplugged here");
      const client = connect();
      const known = on.bench.chip.exchange(16, 0);
      await exchange(client, known);
      const plug = await on.bench.unplug();
      for (let times = 0; times < 2; times += 1)
        await expect(exchange(client, known)).rejects.toMatchObject({ code: "DEVICE_ABSENT" });
      await plug();
      await exchange(client, known);
    });
  });
}
