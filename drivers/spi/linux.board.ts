/** The SPI driver on the kernel's own controller, with a flash memory behind its first chip select (SST25VF016B, data sheet, "Instructions"). */
import { startComponent } from "@bulkhead/sdk/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compiledAddOn } from "../testing/compiled-add-on.ts";
import { loadAddOn } from "./addon.ts";
import { linuxSpi } from "./linux.ts";
import { spiDriver } from "./server.ts";

const readIdentity = 0x9f;
const readStatus = 0x05;
const writeEnable = 0x06;
const writeDisable = 0x04;

describe("[K11] spi on a controller of the kernel", () => {
  const start = () =>
    startComponent(
      spiDriver(() => linuxSpi(loadAddOn(compiledAddOn("spi")))),
      { uses: {} },
    );
  let driver: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    driver = await start();
  });
  afterAll(() => driver.stop());
  const connect = (device = "spi-0.0", mode = 0) =>
    driver.connect("device", { grant: { device, speed: 1_000_000, mode } }).client;
  const ask = async (client: ReturnType<typeof connect>, ...write: number[]) => [
    ...(await client.transfer({ write: Uint8Array.from(write) })).read,
  ];

  test("a transfer goes both ways at once: the memory says what it is behind the instruction", async () => {
    expect((await ask(connect(), readIdentity, 0, 0, 0)).slice(1)).toEqual([0xbf, 0x25, 0x41]);
  });

  test("the chip is selected for each transfer and let go after it", async () => {
    const client = connect();
    await ask(client, writeEnable);
    expect((await ask(client, readStatus, 0))[1]).toBe(2);
    await ask(client, writeDisable);
    expect((await ask(client, readStatus, 0))[1]).toBe(0);
  });

  test("many transfers of two clients come each to who asked", async () => {
    const clients = [connect(), connect()];
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => ask(clients[index % 2] ?? connect(), readIdentity, 0, 0, 0)),
    );
    for (const answer of answers) expect(answer.slice(1)).toEqual([0xbf, 0x25, 0x41]);
  });

  test("a transfer is as long as the kernel takes", async () => {
    const { read } = await connect().transfer({
      write: Uint8Array.from({ length: 4096 }, (_, at) => (at === 0 ? readIdentity : 0)),
    });
    expect(read).toHaveLength(4096);
    expect([...read.subarray(1, 4)]).toEqual([0xbf, 0x25, 0x41]);
  });

  test("a device that is not there is told as such, another mode too, and nobody is disturbed", async () => {
    await expect(ask(connect("spi-7.3"), 0)).rejects.toMatchObject({ code: "DEVICE_ABSENT" });
    await ask(connect(), writeDisable);
    await expect(ask(connect("spi-0.0", 3), 0)).rejects.toMatchObject({ code: "DEVICE_BUSY" });
    expect((await ask(connect(), readIdentity, 0, 0, 0)).slice(1)).toEqual([0xbf, 0x25, 0x41]);
  });
});
