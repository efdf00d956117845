/**
 * What can go wrong on a bus, on two of them: one that is made of two pins (the kernel's i2c-gpio), which the world can hold, and the
 * adapter of the SoC with a chip on it, whose client is to notice nothing.
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
/** By the board's numbers, the kernel's names of them. tests/prove/drivers/bus-faults.prove.ts puts the second one into the device tree. */
const names: Readonly<Record<number, string>> = { 2: "30a40000.i2c", 7: "i2c-of-pins" };
/** Lines of GPIO 5. The wires have resistors: whoever lets go of them leaves them at 1. */
const [bank, data, clock] = [4, 8, 9];
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
    await letGo(data);
    await letGo(clock);
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
  afterAll(() => driver.stop());
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

  test("a clock that somebody holds: a hung bus, which is well again when it is let go", async () => {
    await hold(clock);
    await expect(ask()).rejects.toEqual(code("I2C_BUS_HUNG"));
    const met = expect(ask()).rejects.toEqual(code("I2C_BUS_HUNG"));
    await goesOn();
    await met;
    await letGo(clock);
    await isWell();
  });

  test("a chip that acknowledges no more in the midst of a transfer: a fault of the bus", async () => {
    // Nobody but the world is on the bus: who holds its data acknowledges every byte.
    await hold(data);
    let isOver = false;
    const met = expect(
      troubled.transfer({ write: new Uint8Array(4096), readLength: 0 }, patient).finally(() => (isOver = true)),
    ).rejects.toEqual(code("I2C_BUS_FAILED"));
    // Begun after it, so the address has long gone over the wire.
    await goesOn();
    expect(isOver).toBe(false);
    await letGo(data);
    await met;
    await isWell();
  });

  test("a transfer that the kernel does not come back from: a hung bus at the deadline, at once for who asks then, well by itself", async () => {
    // I2C_TIMEOUT, in steps of 10 ms: longer than the driver's deadline.
    const patience = 'open F, "+<", $ARGV[0] or die; ioctl(F, 0x0702, $ARGV[1] + 0) or die "$!"';
    const waits = (hundredths: number) => promisify(execFile)("perl", ["-e", patience, nodeOf(7), `${hundredths}`]);
    await waits((20 * deadlineMs) / 10);
    await hold(clock);
    await expect(ask()).rejects.toMatchObject({ code: "I2C_BUS_HUNG", message: expect.stringContaining("come back") });
    const askedMs = performance.now();
    await expect(ask()).rejects.toEqual(code("I2C_BUS_HUNG"));
    expect(performance.now() - askedMs).toBeLessThan(deadlineMs);
    await goesOn();
    await letGo(clock);
    await expect.poll(() => ask().catch((error: { code: string }) => error.code)).toBe("I2C_NO_ACKNOWLEDGE");
    await waits(10);
  });

  test("an adapter that is unplugged: absent, and as before when it is back", async () => {
    const plug = await unbind("/sys/bus/platform/drivers/i2c-gpio", names[7] as string);
    await expect(ask()).rejects.toEqual(code("DEVICE_ABSENT"));
    await goesOn();
    await plug();
    await isWell();
  });
});
