/** The back-end with an add-on that does as it is told, and nodes that are files: what becomes of the kernel's answers. */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { I2cAddOn } from "./addon.ts";
import { linuxI2c } from "./linux.ts";

const { errno } = constants;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bulkhead-i2c-"));
  for (const bus of [1, 2]) await writeFile(join(folder, `${bus}`), "");
});
afterAll(() => rm(folder, { recursive: true }));

const one = Uint8Array.of(0);
/** Files of `folder` that this process has open. */
const openNodes = async () => {
  const { readlink } = await import("node:fs/promises");
  const links = (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ""));
  return (await Promise.all(links)).filter((path) => path.startsWith(folder)).length;
};
const driverOf = (addOn: Partial<I2cAddOn>, deadlineMs = 10_000) =>
  linuxI2c(
    { claim: () => 0, transfer: (_fd, _address, _write, _read, done) => done(0), ...addOn },
    (bus) => join(folder, `${bus}`),
    () => deadlineMs,
  );
const failing = (error: number) => driverOf({ transfer: (_fd, _address, _write, _read, done) => done(error) });

describe("[K11] the i2c driver on Linux", () => {
  test.each([
    [errno.ENXIO, "I2C_NO_ACKNOWLEDGE"],
    [121, "I2C_NO_ACKNOWLEDGE"],
    [errno.EIO, "I2C_BUS_FAILED"],
    [errno.EAGAIN, "I2C_BUS_FAILED"],
    [errno.ETIMEDOUT, "I2C_BUS_HUNG"],
    [errno.ENODEV, "DEVICE_ABSENT"],
    [errno.EOPNOTSUPP, "DEVICE_FAILED"],
    [errno.EINVAL, "DEVICE_FAILED"],
  ])("tells the kernel's error %i as %s, and leaves no node open", async (error, code) => {
    await expect(failing(error).transfer(2, 0x48, one, 1)).rejects.toMatchObject({ code });
    expect(await openNodes()).toBe(0);
  });

  test("does not touch an address that a driver of the kernel has", async () => {
    const driver = driverOf({
      claim: () => errno.EBUSY,
      transfer: () => expect.unreachable(),
    });
    await expect(driver.transfer(2, 0x68, one, 1)).rejects.toMatchObject({ code: "DEVICE_BUSY" });
    expect(await openNodes()).toBe(0);
  });

  test("says that a bus is not there where its node is not", async () => {
    await expect(driverOf({}).transfer(9, 0x48, one, 1)).rejects.toMatchObject({ code: "DEVICE_ABSENT" });
  });

  test("gives up a transfer that hangs, refuses that bus alone, and has it back when the kernel has", async () => {
    const stuck: (() => void)[] = [];
    const driver = driverOf(
      {
        transfer(_fd, address, _write, _read, done) {
          if (address === 0x10 && stuck.length === 0) stuck.push(() => done(errno.ETIMEDOUT));
          else done(0);
        },
      },
      5,
    );
    await expect(driver.transfer(1, 0x10, one, 1)).rejects.toMatchObject({ code: "I2C_BUS_HUNG" });
    await expect(driver.transfer(1, 0x11, one, 1)).rejects.toMatchObject({ code: "I2C_BUS_HUNG" });
    expect(await driver.transfer(2, 0x11, one, 1)).toHaveLength(1);
    for (const done of stuck) done();
    expect(await driver.transfer(1, 0x11, one, 1)).toHaveLength(1);
    expect(await openNodes()).toBe(0);
  });
});
