/** What every back-end of the I2C driver does, shown on a memory chip (24C02: 256 bytes, pages of 8, one byte of address). */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { I2cDriver } from "./driver.ts";

export type I2cBench = {
  readonly driver: I2cDriver;
  readonly bus: number;
  /** Of the memory, and one where nothing is. */
  readonly memory: number;
  readonly empty: number;
  readonly absentBus: number;
  /** What nobody at an address is told as, where the adapter cannot tell it from a bus that stands still. */
  readonly unanswered?: "I2C_BUS_HUNG";
  close?(): Promise<void> | void;
};

const none = new Uint8Array();
const page = Uint8Array.of(0x10, 0xde, 0xad, 0xbe, 0xef);

/** What of combined transfers a back-end carries: all, or as SMBus has it a read of 32 bytes behind one. */
type Combined = "all" | "smbus";

/** `open` makes the bench once for all tests. */
export function conformance(name: string, open: () => I2cBench | Promise<I2cBench>, combined: Combined = "all"): void {
  describe(`[K11] i2c on ${name}`, () => {
    let bench: I2cBench;
    beforeAll(async () => {
      bench = await open();
    });
    afterAll(() => bench.close?.());
    const transfer = (write: Uint8Array<ArrayBuffer>, readLength: number, address = bench.memory) =>
      bench.driver.transfer(bench.bus, address, write, readLength);
    /** The chip does not acknowledge while it writes. */
    const acknowledged = () => vi.waitFor(() => transfer(Uint8Array.of(0), 0), { interval: 2 });
    const code = (expected: string) => expect.objectContaining({ code: expected });

    test("a read stands behind its write in one transfer, and gives what was written", async () => {
      await transfer(page, 0);
      await acknowledged();
      expect([...(await transfer(page.subarray(0, 1), 4))]).toEqual([0xde, 0xad, 0xbe, 0xef]);
    });

    test("a read without a write goes on where the last one ended", async () => {
      await transfer(page, 0);
      await acknowledged();
      await transfer(Uint8Array.of(0x10), 2);
      expect([...(await transfer(none, 2))]).toEqual([0xbe, 0xef]);
    });

    test("as many bytes as SMBus can carry come in one transfer", async () => {
      await transfer(page, 0);
      await acknowledged();
      const some = await transfer(page.subarray(0, 1), 32);
      expect([...some.subarray(0, 4)]).toEqual([0xde, 0xad, 0xbe, 0xef]);
      expect(some).toHaveLength(32);
    });

    if (combined === "smbus")
      test("a combined transfer of more than SMBus has is refused by name, and nothing moves", async () => {
        await transfer(page, 0);
        await acknowledged();
        await transfer(page.subarray(0, 1), 2);
        for (const [write, length] of [
          [Uint8Array.of(0), 33],
          [Uint8Array.of(0, 0), 1],
        ] as const) {
          await expect(transfer(write, length)).rejects.toMatchObject({
            code: "I2C_TRANSFER_UNSUPPORTED",
            remedy: expect.stringContaining("`interface: i2c-rdwr`"),
          });
        }
        expect([...(await transfer(none, 2))]).toEqual([0xbe, 0xef]);
        await transfer(Uint8Array.of(0), 0);
        expect([...(await transfer(none, 256)).subarray(0x10, 0x14)]).toEqual([0xde, 0xad, 0xbe, 0xef]);
      });
    else
      test("one transfer is longer than what SMBus can carry", async () => {
        await transfer(page, 0);
        await acknowledged();
        const all = await transfer(Uint8Array.of(0), 256);
        expect([...all.subarray(0x10, 0x14)]).toEqual([0xde, 0xad, 0xbe, 0xef]);
        expect(await transfer(Uint8Array.of(0), 256)).toEqual(all);
      });

    test("nobody at an address is told as such, for a read, a write and both, and disturbs nothing after", async () => {
      await transfer(page, 0);
      await acknowledged();
      for (const [write, length] of [
        [Uint8Array.of(1), 0],
        [none, 1],
        [Uint8Array.of(1), 1],
      ] as const) {
        await expect(transfer(write, length, bench.empty)).rejects.toEqual(
          code(bench.unanswered ?? "I2C_NO_ACKNOWLEDGE"),
        );
        expect([...(await transfer(Uint8Array.of(0x10), 1))]).toEqual([0xde]);
      }
    });

    test("a bus that is not there is told as such, and disturbs nobody on another", async () => {
      const absent = bench.driver.transfer(bench.absentBus, bench.memory, none, 1);
      await expect(absent).rejects.toEqual(code("DEVICE_ABSENT"));
      await transfer(none, 1);
    });
  });
}
