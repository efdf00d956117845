import { BulkheadError } from "@bulkhead/protocol";
import { fakeClient, startComponent } from "@bulkhead/sdk/testing";
import { describe, expect, test } from "vitest";
import { simulatedBusInterface } from "../simulation/interface.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { component } from "./server.ts";

const transfers: unknown[] = [];
const plant = () =>
  fakeClient(simulatedBusInterface, {
    transfer({ bus, address, write, readLength }) {
      transfers.push({ bus, address, write: [...write], readLength });
      if (address !== 0x48)
        throw new BulkheadError("I2C_NO_ACKNOWLEDGE", `i2c-${bus}: nobody at 0x${address.toString(16)}`);
      return { read: new Uint8Array(readLength).fill(7) };
    },
  }).client;
const start = () =>
  startComponent(component, { uses: {}, mayUse: { plant: plant() }, config: { backend: "simulated" } });

describe("[K11] the i2c driver", () => {
  test("reads a register of the device that the grant names", async () => {
    const driver = await start();
    const { client } = driver.connect("device", { grant: { bus: 2, address: 0x48, access: "read" } });
    transfers.length = 0;
    expect(await client.readRegister({ register: 3, length: 2 })).toEqual({ data: Uint8Array.of(7, 7) });
    expect(transfers).toEqual([{ bus: 2, address: 0x48, write: [3], readLength: 2 }]);
  });

  test("[K9] refuses a write on a channel that grants reading only", async () => {
    const driver = await start();
    const { client } = driver.connect("device", { grant: { bus: 2, address: 0x48, access: "read" } });
    transfers.length = 0;
    const refused = client.writeRegister({ register: 1, data: Uint8Array.of(1) });
    await expect(refused).rejects.toMatchObject({ code: "IPC_NOT_GRANTED" });
    expect(transfers).toEqual([]);
  });

  test("writes where the grant allows it", async () => {
    const driver = await start();
    const { client } = driver.connect("device", { grant: { bus: 2, address: 0x48, access: "read-write" } });
    transfers.length = 0;
    await client.writeRegister({ register: 1, data: Uint8Array.of(5, 6) });
    expect(transfers).toEqual([{ bus: 2, address: 0x48, write: [1, 5, 6], readLength: 0 }]);
  });

  test("answers for a device that does not acknowledge with its code", async () => {
    const driver = await start();
    const { client } = driver.connect("device", { grant: { bus: 2, address: 0x50, access: "read" } });
    await expect(client.readRegister({ register: 0, length: 1 })).rejects.toMatchObject({ code: "I2C_NO_ACKNOWLEDGE" });
  });

  test("carries a whole transfer where the grant allows writing, and none where it does not", async () => {
    const driver = await start();
    const { client } = driver.connect("device", { grant: { bus: 2, address: 0x48, access: "read-write" } });
    transfers.length = 0;
    expect(await client.transfer({ write: Uint8Array.of(1, 2, 3), readLength: 40 })).toEqual({
      read: new Uint8Array(40).fill(7),
    });
    expect(transfers).toEqual([{ bus: 2, address: 0x48, write: [1, 2, 3], readLength: 40 }]);
    const nothing = client.transfer({ write: new Uint8Array(), readLength: 0 });
    await expect(nothing).rejects.toMatchObject({ code: "IPC_ARGUMENTS_INVALID" });
    const reader = driver.connect("device", { grant: { bus: 2, address: 0x48, access: "read" } }).client;
    const refused = reader.transfer({ write: Uint8Array.of(1), readLength: 1 });
    await expect(refused).rejects.toMatchObject({ code: "IPC_NOT_GRANTED" });
    expect(transfers).toHaveLength(1);
  });

  test("[K9] sends as many bytes of a register's number as the grant says, and none that has not so many", async () => {
    const driver = await start();
    const narrow = driver.connect("device", { grant: { bus: 2, address: 0x48, access: "read" } }).client;
    const wideGrant = { bus: 2, address: 0x48, access: "read-write", registerBytes: 2 } as const;
    const wide = driver.connect("device", { grant: wideGrant }).client;
    transfers.length = 0;
    await expect(narrow.readRegister({ register: 256, length: 1 })).rejects.toMatchObject({ code: "IPC_NOT_GRANTED" });
    await wide.readRegister({ register: 0x1234, length: 64 });
    await wide.writeRegister({ register: 0x1234, data: Uint8Array.of(9) });
    expect(transfers).toEqual([
      { bus: 2, address: 0x48, write: [0x12, 0x34], readLength: 64 },
      { bus: 2, address: 0x48, write: [0x12, 0x34, 9], readLength: 0 },
    ]);
  });

  test("keeps others waiting for one transfer of a client that calls without pause", async () => {
    const driver = await start();
    const busy = driver.connect("device", { grant: { bus: 2, address: 0x48, access: "read" } }).client;
    const other = driver.connect("device", { grant: { bus: 2, address: 0x50, access: "read" }, component: "other" });
    transfers.length = 0;
    const calls = Array.from({ length: 50 }, () => busy.readRegister({ register: 0, length: 1 }));
    await other.client.readRegister({ register: 0, length: 1 }).catch(() => {});
    expect(transfers.length).toBeLessThan(5);
    await Promise.all(calls);
  });

  test("says that it has no plant where the manifest gives it none", async () => {
    const refused = startComponent(component, { uses: {}, config: { backend: "simulated" } });
    await expect(refused).rejects.toMatchObject({ code: "DRIVER_BACKEND_UNAVAILABLE" });
  });

  test("lets one transfer at a time onto a bus, also after one that failed", async () => {
    let running = 0;
    const driver = oneAtATime({
      async transfer(_bus, address) {
        expect(++running).toBe(1);
        await Promise.resolve();
        running--;
        if (address === 1) throw new Error("no");
        return Uint8Array.of(address);
      },
    });
    const results = await Promise.allSettled(
      [1, 2, 3].map((address) => driver.transfer(0, address, new Uint8Array(), 1)),
    );
    expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
  });
});
