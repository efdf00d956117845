/** Devices that several clients share: whoever calls without pause on one that answers slowly. */
import { startComponent } from "@bulkhead/sdk/testing";
import { describe, expect, test } from "vitest";
import { adcDriver } from "./adc/server.ts";
import { rtcDriver } from "./rtc/server.ts";
import { spiDriver } from "./spi/server.ts";

/** A device: `use` takes a while, and says who had it and how many at once. */
function slowDevice() {
  const order: string[] = [];
  let running = 0;
  return {
    order,
    async use(client: string): Promise<void> {
      running += 1;
      expect(running).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(client);
      running -= 1;
    },
  };
}
const none = { uses: {} };

describe("[K11] a client that calls without pause keeps others waiting for one of its calls", () => {
  async function expectTurns(order: string[], busy: () => Promise<unknown>, other: () => Promise<unknown>) {
    const calls = Array.from({ length: 40 }, busy);
    await other();
    expect(order.indexOf("other")).toBeLessThan(4);
    await Promise.all(calls);
    expect(order).toHaveLength(41);
  }

  test("adc, whose device measures one after the other", async () => {
    const { order, use } = slowDevice();
    const read = async (_: string, channel: string) => {
      await use(channel === "temp" ? "other" : "busy");
      return { value: 1, unit: "", raw: null };
    };
    const driver = await startComponent(
      adcDriver(() => ({ read })),
      none,
    );
    const connect = (channel: string) => driver.connect("input", { grant: { device: "adc", channel } }).client;
    const [busy, other] = [connect("voltage0"), connect("temp")];
    await expectTurns(
      order,
      () => busy.read(),
      () => other.read(),
    );
  });

  test("rtc", async () => {
    const { order, use } = slowDevice();
    const read = async () => {
      await use("busy");
      return 1000;
    };
    const driver = await startComponent(
      rtcDriver(() => ({ read, set: () => use("other") })),
      none,
    );
    const connect = () => driver.connect("clock", { grant: { device: "rtc-1", access: "read-write" } }).client;
    const [busy, other] = [connect(), connect()];
    await expectTurns(
      order,
      () => busy.read(),
      () => other.set({ timeMs: 0 }),
    );
  });

  test("spi", async () => {
    const { order, use } = slowDevice();
    const transfer = async (write: Uint8Array) => {
      await use(write[0] === 1 ? "other" : "busy");
      return Uint8Array.from(write);
    };
    const driver = await startComponent(
      spiDriver(() => ({ open: async () => ({ transfer, close: async () => {} }) })),
      none,
    );
    const connect = () => driver.connect("device", { grant: { device: "spi-1.0", speed: 1000, mode: 0 } }).client;
    const [busy, other] = [connect(), connect()];
    await expectTurns(
      order,
      () => busy.transfer({ write: Uint8Array.of(0) }),
      () => other.transfer({ write: Uint8Array.of(1) }),
    );
  });
});
