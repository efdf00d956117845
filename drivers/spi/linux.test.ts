/** The back-end with an add-on that does as it is told: names, terms, and what becomes of the kernel's answers. */
import { startComponent } from "@bulkhead/sdk/testing";
import { describe, expect, test } from "vitest";
import type { RawTransfer, SpiAddOn } from "./addon.ts";
import { linuxSpi } from "./linux.ts";
import { spiDriver } from "./server.ts";

/** As the add-on makes them: for some of the kernel's numbers Node's native side has no name (ESHUTDOWN is 108 on every board's processor). */
const fault = (code: string) =>
  code === "ESHUTDOWN"
    ? Object.assign(new Error(code), { message: "", code: "", errno: 108, syscall: "transfer" })
    : Object.assign(new Error(code), { code });

/** `faults`: of the transfers that come, in their order; then all go well. */
function addOn(openFault: string | undefined, faults: string[]) {
  const told: unknown[] = [];
  const fake: SpiAddOn = {
    open(bus, select, options, answer) {
      told.push(["open", bus, select, options]);
      setImmediate(() => answer(openFault === undefined ? null : fault(openFault)));
      return {
        transfer(message: readonly RawTransfer[], done) {
          told.push(["transfer", message[0]?.speedHz, [...(message[0]?.sendBuffer ?? [])]]);
          message[0]?.receiveBuffer.fill(9);
          const next = faults.shift();
          setImmediate(() => done(next === undefined ? null : fault(next), undefined));
        },
        close(done) {
          told.push(["close"]);
          setImmediate(() => done(null));
        },
      };
    },
  };
  return { told, fake };
}

describe("[K11] the spi driver on Linux", () => {
  test("opens bus and chip select of the board's name, in mode and clock of the grant", async () => {
    const { told, fake } = addOn(undefined, []);
    const device = await linuxSpi(fake).open("spi-1.2", { speed: 500_000, mode: 3 });
    expect(await device.transfer(Uint8Array.of(1, 2), 400_000)).toEqual(Uint8Array.of(9, 9));
    await device.close();
    expect(told).toEqual([["open", 1, 2, { mode: 3, maxSpeedHz: 500_000 }], ["transfer", 400_000, [1, 2]], ["close"]]);
  });

  test.each([
    ["ENOENT", "DEVICE_ABSENT"],
    ["ENODEV", "DEVICE_ABSENT"],
    ["EINVAL", "DEVICE_VALUE_REFUSED"],
    ["EIO", "DEVICE_FAILED"],
  ])("tells the kernel's %s at opening as %s", async (error, code) => {
    const opened = linuxSpi(addOn(error, []).fake).open("spi-1.0", { speed: 1, mode: 0 });
    await expect(opened).rejects.toMatchObject({ code });
    const nameless = linuxSpi(addOn(undefined, []).fake).open("display", { speed: 1, mode: 0 });
    await expect(nameless).rejects.toMatchObject({ code: "DEVICE_ABSENT" });
  });

  test("opens a device again that was taken away and is back", async () => {
    const { told, fake } = addOn(undefined, ["ESHUTDOWN"]);
    const driver = await startComponent(
      spiDriver(() => linuxSpi(fake)),
      { uses: {} },
    );
    const { client } = driver.connect("device", { grant: { device: "spi-1.0", speed: 1000, mode: 0 } });
    await expect(client.transfer({ write: Uint8Array.of(1) })).rejects.toMatchObject({ code: "DEVICE_ABSENT" });
    expect((await client.transfer({ write: Uint8Array.of(2) })).read).toEqual(Uint8Array.of(9));
    expect(told.map((line) => (line as unknown[])[0])).toEqual(["open", "transfer", "close", "open", "transfer"]);
    await driver.stop();
  });
});
