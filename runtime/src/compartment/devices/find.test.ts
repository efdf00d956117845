import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBelow, type Roots } from "./find.ts";
import { board, makeSysfs } from "./testing/sysfs.ts";

let directory: string;
let roots: Roots;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-sysfs-"));
  roots = await makeSysfs(directory, {
    ...board,
    "pci/0000:00:02.0": { subsystem: "bus/pci" },
    "pci/0000:00:02.0/net/can0": { subsystem: "class/net" },
    "pci/0000:00:02.0/net/can1": { subsystem: "class/net" },
    "platform/same": { subsystem: "bus/platform" },
    "amba/same": { subsystem: "bus/amba" },
  });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const nameOf = async (at: string, subsystem: string, name = /./, hasNode?: boolean) => {
  const path = await findBelow(roots, at, { subsystem, name, ...(hasNode !== undefined && { hasNode }) });
  return path === undefined ? undefined : basename(path);
};

describe("[K11] below a controller", () => {
  test.each([
    ["44e07000.gpio", "gpio", true, "gpiochip3"],
    ["44e07000.gpio", "gpio", false, "gpiochip512"],
    ["30a40000.i2c/0x21", "gpio", true, "gpiochip5"],
    ["30a40000.i2c/0x68", "rtc", true, "rtc1"],
    ["30a40000.i2c", "i2c-dev", true, "i2c-2"],
    ["48302200.pwm", "pwm", undefined, "pwmchip0"],
    ["44e0d000.tscadc", "iio", undefined, "iio:device0"],
    ["44e35000.wdt", "watchdog", true, "watchdog0"],
  ] as const)("%s the kernel has for %s (node: %s) what it calls %s", async (at, subsystem, hasNode, name) => {
    expect(await nameOf(at, subsystem, /./, hasNode)).toBe(name);
  });

  test("the chip select tells one of two", async () => {
    expect(await nameOf("48030000.spi", "spidev", /^spidev\d+\.1$/)).toBe("spidev1.1");
    expect(await nameOf("48030000.spi", "spidev", /^spidev\d+\.2$/)).toBe(undefined);
  });

  test.each([
    ["44e08000.gpio", "gpio"],
    ["44e07000.gpio", "rtc"],
    ["30a40000.i2c/0x22", "gpio"],
    ["gpiochip512/0x21", "gpio"],
  ])("%s there is nothing of %s", async (at, subsystem) => {
    expect(await nameOf(at, subsystem)).toBe(undefined);
  });

  test("what is as near as another is refused, and so are two controllers of one name", async () => {
    await expect(nameOf("48030000.spi", "spidev")).rejects.toMatchObject({
      code: "COMPONENT_START_FAILED",
      message: "48030000.spi is more than one: spidev1.0, spidev1.1",
    });
    await expect(nameOf("0000:00:02.0", "net")).rejects.toThrow("is more than one: can0, can1");
    await expect(nameOf("same", "gpio")).rejects.toThrow("same is more than one");
  });
});
