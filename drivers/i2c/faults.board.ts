/**
 * What can go wrong on a bus: on one that is made of two pins (the kernel's i2c-gpio), which the world can hold, while the client of a chip
 * on the adapter of the SoC is to notice nothing.
 */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { startComponent } from "@bulkhead/sdk/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { askHost } from "../../hardware-in-loop/emulated/stimulus/ask.ts";
import { load, unbind } from "../sysfs/testing/board.ts";
import { compiledAddOn } from "../testing/compiled-add-on.ts";
import { loadAddOn } from "./addon.ts";
import { linuxI2c } from "./linux.ts";
import { i2cDriver } from "./server.ts";

const adapters = "/sys/bus/i2c/devices";
/**
 * By the board's numbers, the kernel's names of them. The last two are those that tests/prove/drivers/imx8mm-evk.prove.ts puts into the device
 * tree; of 8 the kernel waits ten minutes for a clock.
 */
const names: Readonly<Record<number, string>> = { 2: "30a40000.i2c", 7: "i2c-of-pins", 8: "i2c-of-patient-pins" };
/** Lines of GPIO 5. The wires have resistors: whoever lets go of them leaves them at 1. */
const bank = 4;
const [data, clock, patientData, patientClock] = [24, 25, 26, 27];
/** Longer than any transfer here, on a machine that is busy with others. */
const deadlineMs = 30_000;
/** Who asks is to hear what the driver says, and not its own deadline. */
const patient = { deadlineMs: 10 * deadlineMs };

function nodeOf(bus: number): string {
  const isAsked = (name: string) => readFileSync(join(adapters, name, "name"), "utf8").trim() === names[bus];
  const found = readdirSync(adapters).find((name) => name.startsWith("i2c-") && isAsked(name));
  return `/dev/${found ?? `i2c-absent-${bus}`}`;
}

const stimulus = askHost();
const hold = (line: number) => stimulus.pin(bank, line, 0);
const letGo = (line: number) => stimulus.pin(bank, line, 1);
const start = () =>
  startComponent(
    i2cDriver(() => linuxI2c(loadAddOn(compiledAddOn("i2c")), nodeOf, () => deadlineMs)),
    { uses: {} },
  );

describe("[K11] an i2c driver whose one bus is in trouble", () => {
  let driver: Awaited<ReturnType<typeof start>>;
  const connect = (bus: number, address: number) =>
    driver.connect("device", { grant: { bus, address, access: "read-write" } }).client;
  let troubled: ReturnType<typeof connect>;
  let other: ReturnType<typeof connect>;
  const code = (expected: string) => expect.objectContaining({ code: expected });
  const ask = () => troubled.readRegister({ register: 0, length: 1 }, patient);
  /** The bus is as it should be: nobody is on it, and the kernel says so. */
  const isWell = () => expect(ask()).rejects.toEqual(code("I2C_NO_ACKNOWLEDGE"));
  /** The client on the other bus has what it asks for. */
  const goesOn = async () => {
    for (const register of [3, 4, 5])
      expect(await other.readRegister({ register, length: 1 }, patient)).toEqual({ data: Uint8Array.of(register * 7) });
  };
  beforeAll(async () => {
    for (const line of [data, clock, patientData, patientClock]) await letGo(line);
    await load("i2c-gpio");
    driver = await start();
    troubled = connect(7, 0x50);
    other = connect(2, 0x57);
    for (const register of [3, 4, 5]) {
      await other.writeRegister({ register, data: Uint8Array.of(register * 7) }, patient);
      // The chip does not acknowledge while it writes.
      await vi.waitFor(() => other.readRegister({ register, length: 1 }, patient), { timeout: patient.deadlineMs });
    }
  });
  afterAll(async () => {
    await driver.stop();
    await promisify(execFile)("modprobe", ["--remove", "i2c-gpio"]);
  });
  beforeEach(isWell);

  test("nobody at an address: a NACK, for a read, a write and both", async () => {
    await expect(troubled.transfer({ write: Uint8Array.of(1), readLength: 0 }, patient)).rejects.toEqual(
      code("I2C_NO_ACKNOWLEDGE"),
    );
    await expect(troubled.transfer({ write: new Uint8Array(), readLength: 1 }, patient)).rejects.toEqual(
      code("I2C_NO_ACKNOWLEDGE"),
    );
    await expect(ask()).rejects.toEqual(code("I2C_NO_ACKNOWLEDGE"));
    await goesOn();
  });

  /** Something happens to a transfer that is on its way. Nobody but the world is on the bus: who holds its data acknowledges every byte. */
  const inTheMidst = async (happen: () => Promise<void>, expected: string) => {
    await hold(data);
    let isOver = false;
    const transfer = troubled.transfer({ write: new Uint8Array(4096), readLength: 0 }, patient);
    const met = expect(transfer.finally(() => (isOver = true))).rejects.toEqual(code(expected));
    // Asked for after it, so that its address has gone over the wire.
    await goesOn();
    expect(isOver).toBe(false);
    await happen();
    await met;
  };

  // While the address goes out, the kernel's part for buses of pins calls this nobody at the address (drivers/i2c/algos/i2c-algo-bit.c).
  test("a clock that somebody holds: a hung bus, which is well again when it is let go", async () => {
    await inTheMidst(() => hold(clock), "I2C_BUS_HUNG");
    await goesOn();
    await letGo(clock);
    await letGo(data);
    await isWell();
  });

  test("a chip that acknowledges no more in the midst of a transfer: a fault of the bus", async () => {
    await inTheMidst(() => letGo(data), "I2C_BUS_FAILED");
    await isWell();
  });

  test("a transfer that the kernel does not come back from: a hung bus at the deadline, at once for who asks then, well by itself", async () => {
    const hung = connect(8, 0x50);
    const askHung = () => hung.readRegister({ register: 0, length: 1 }, patient);
    await hold(patientClock);
    const comesNotBack = { code: "I2C_BUS_HUNG", message: expect.stringContaining("has not come back") };
    await expect(askHung()).rejects.toMatchObject(comesNotBack);
    const askedMs = performance.now();
    await expect(askHung()).rejects.toMatchObject(comesNotBack);
    expect(performance.now() - askedMs).toBeLessThan(deadlineMs);
    await goesOn();
    await isWell();
    await letGo(patientClock);
    await expect.poll(() => askHung().catch((error: { code: string }) => error.code)).toBe("I2C_NO_ACKNOWLEDGE");
  });

  test("an adapter that is unplugged: absent, and as before when it is back", async () => {
    const plug = await unbind("/sys/bus/platform/drivers/i2c-gpio", names[7] as string);
    await expect(ask()).rejects.toEqual(code("DEVICE_ABSENT"));
    await goesOn();
    await plug();
    await isWell();
  });
});
