/** The back-end on package i2c-bus with a native part that does as it is told, and nodes that are files or nobody's. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type I2cBusAddOn, i2cBus } from "./i2c-bus.ts";

const { errno } = constants;
let node: string;
beforeAll(async () => {
  node = join(await mkdtemp(join(tmpdir(), "bulkhead-i2c-bus-")), "node");
});
afterAll(() => rm(join(node, ".."), { recursive: true }));

const addressed = { setAddrSync() {} } as unknown as I2cBusAddOn;
/** nan's errors have the kernel's number above zero. */
const failure = (number: number) => Object.assign(new Error("no"), { errno: number });
const driverOf = (native: Partial<I2cBusAddOn>, deadlineMs = 10_000) =>
  i2cBus(
    {
      setAddrSync() {},
      readI2cBlockAsync: (_fd, _command, length, _buffer, answer) => answer(null, length),
      ...native,
    },
    () => node,
    () => deadlineMs,
  );

describe("[K11] the i2c driver by package i2c-bus", () => {
  test("reads behind one byte by the package's call, writes and reads alone by the node's", async () => {
    await writeFile(node, "abc");
    const asked: unknown[] = [];
    const driver = driverOf({
      setAddrSync: (_fd, address, force) => asked.push({ address, force }),
      readI2cBlockAsync(_fd, command, length, buffer, answer) {
        asked.push({ command, length });
        buffer.fill(7);
        answer(null, length);
      },
    });
    expect([...(await driver.transfer(2, 0x48, Uint8Array.of(5), 2))]).toEqual([7, 7]);
    expect(asked).toEqual([
      { address: 0x48, force: false },
      { command: 5, length: 2 },
    ]);
    expect([...(await driver.transfer(2, 0x48, new Uint8Array(), 3))]).toEqual([...Buffer.from("abc")]);
    await driver.transfer(2, 0x48, Uint8Array.of(0x58, 0x59), 0);
    expect(await readFile(node, "utf8")).toBe("XYc");
  });

  test("refuses what SMBus has not, by a code that names the other interface, before it opens anything", async () => {
    const driver = i2cBus({} as I2cBusAddOn, () => expect.unreachable());
    for (const [write, length] of [
      [1, 33],
      [2, 1],
    ] as const) {
      await expect(driver.transfer(2, 0x48, new Uint8Array(write), length)).rejects.toMatchObject({
        code: "I2C_TRANSFER_UNSUPPORTED",
        remedy: expect.stringContaining("interface: i2c-rdwr"),
      });
    }
  });

  test.each([
    ["the package's call fails", errno.ENXIO, "I2C_NO_ACKNOWLEDGE"],
    ["the package's call is told of a bus that stands", errno.ETIMEDOUT, "I2C_BUS_HUNG"],
    ["fewer bytes come than were asked for", 0, "I2C_BUS_FAILED"],
  ])("says so where %s", async (_what, error, code) => {
    await writeFile(node, "");
    const driver = driverOf({
      readI2cBlockAsync: (_fd, _command, _length, _buffer, answer) => answer(error ? failure(error) : null, 1),
    });
    await expect(driver.transfer(2, 0x48, Uint8Array.of(0), 2)).rejects.toMatchObject({ code });
  });

  test("says so where the node's own calls fail, or an address is the kernel's", async () => {
    await writeFile(node, "");
    const short = driverOf({}).transfer(2, 0x48, new Uint8Array(), 2);
    await expect(short).rejects.toMatchObject({ code: "I2C_BUS_FAILED" });
    const full = i2cBus(addressed, () => "/dev/full").transfer(2, 0x48, Uint8Array.of(1), 0);
    await expect(full).rejects.toMatchObject({ code: "DEVICE_FAILED", message: expect.stringContaining("(ENOSPC)") });
    const claimed = driverOf({
      setAddrSync() {
        throw failure(errno.EBUSY);
      },
    });
    await expect(claimed.transfer(2, 0x68, Uint8Array.of(0), 1)).rejects.toMatchObject({ code: "DEVICE_BUSY" });
  });

  test("gives up a call that hangs, and has the bus back when the kernel has", async () => {
    await writeFile(node, "");
    const stuck: (() => void)[] = [];
    const driver = driverOf(
      {
        readI2cBlockAsync(_fd, _command, length, _buffer, answer) {
          if (stuck.length === 0) stuck.push(() => answer(failure(errno.ETIMEDOUT), 0));
          else answer(null, length);
        },
      },
      5,
    );
    const read = () => driver.transfer(2, 0x10, Uint8Array.of(0), 1);
    await expect(read()).rejects.toMatchObject({ code: "I2C_BUS_HUNG" });
    await expect(read()).rejects.toMatchObject({ code: "I2C_BUS_HUNG" });
    for (const done of stuck) done();
    expect(await read()).toHaveLength(1);
  });
});
