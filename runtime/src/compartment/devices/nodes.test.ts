import { existsSync } from "node:fs";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NodePlace } from "@bulkhead/protocol";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Roots } from "./find.ts";
import { findNode } from "./nodes.ts";
import { board, makeSysfs } from "./testing/sysfs.ts";

const isRoot = process.getuid?.() === 0;

let directory: string;
let roots: Roots;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-nodes-"));
  roots = await makeSysfs(directory, board);
  if (!isRoot) return;
  const numbers = [
    ["gpiochip3", 254, 3],
    ["i2c-2", 89, 2],
    ["rtc1", 251, 1],
    ["watchdog0", 250, 0],
    ["mem", 1, 1],
    ["spidev1.0", 1, 1],
  ] as const;
  for (const [name, major, minor] of numbers)
    await execa("mknod", [join(roots.dev, name), "c", `${major}`, `${minor}`]);
  await execa("mknod", [join(roots.dev, "disk"), "b", "89", "2"]);
  await symlink("mem", join(roots.dev, "link"));
  await writeFile(join(roots.dev, "file"), "secret");
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const at = (name: string) => join(roots.dev, name);
const pathOf = async (place: NodePlace) => (await findNode("driver", place, roots))?.path;

const port = "/sys/bus/pnp/devices/00:00/00:00:0/00:00:0.0/tty/ttyS0/dev";

test.runIf(existsSync(port) && existsSync("/dev/ttyS0"))(
  "[K11] a PC's serial port goes by its controller, too",
  async () => {
    expect(await findNode("driver", { subsystem: "tty", at: "00:00" })).toEqual({ path: "/dev/ttyS0", kind: "device" });
  },
);

describe.runIf(isRoot)("[K11] the node of a driver", () => {
  test("is that of the controller which the board names, and by its path one of the class that it says", async () => {
    expect(await pathOf({ subsystem: "gpio", at: "44e07000.gpio" })).toBe(at("gpiochip3"));
    expect(await pathOf({ subsystem: "rtc", at: "30a40000.i2c/0x68" })).toBe(at("rtc1"));
    expect(await pathOf({ subsystem: "i2c-dev", node: at("i2c-2") })).toBe(at("i2c-2"));
  });

  test.each([
    ["memory of the machine", "mem"],
    ["a link to it", "link"],
    ["a file", "file"],
    ["a disk of that number", "disk"],
    ["a device of another class", "gpiochip3"],
  ])("is never %s", async (_, name) => {
    await expect(findNode("driver", { subsystem: "i2c-dev", node: at(name) }, roots)).rejects.toMatchObject({
      code: "COMPONENT_START_FAILED",
      message: expect.stringContaining("which driver is to have as an I2C bus, is none"),
    });
  });

  test("is looked at too where the kernel names it: what stands there under that name may be another device", async () => {
    await expect(pathOf({ subsystem: "spidev", at: "48030000.spi", index: 0 })).rejects.toThrow(
      "as a chip of a SPI controller, is none",
    );
  });

  test("is nothing where the kernel has no such controller, or nobody made the node", async () => {
    expect(await pathOf({ subsystem: "gpio", at: "481ac000.gpio" })).toBe(undefined);
    expect(await pathOf({ subsystem: "spidev", at: "48030000.spi", index: 1 })).toBe(undefined);
    expect(await pathOf({ subsystem: "i2c-dev", node: "/dev/absent" as never })).toBe(undefined);
  });
});
