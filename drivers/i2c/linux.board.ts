/** The I2C driver on the kernel's own adapter, with a memory chip behind it. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { compiledAddOn } from "../testing/compiled-add-on.ts";
import { loadAddOn } from "./addon.ts";
import { conformance } from "./conformance.ts";
import { linuxI2c } from "./linux.ts";

/** The bus that the chips hang on, by the kernel's name of its adapter; its number is the kernel's choice. */
const controller = "30a40000.i2c";
let node = "";
beforeAll(async () => {
  for (const bus of await readdir("/sys/bus/i2c/devices")) {
    const parent = await readFile(join("/sys/bus/i2c/devices", bus, "name"), "utf8").catch(() => "");
    if (parent.trim() === controller && bus.startsWith("i2c-")) node = `/dev/${bus}`;
  }
});
const driver = () => linuxI2c(loadAddOn(compiledAddOn("i2c")), (bus) => (bus === 2 ? node : "/dev/i2c-absent"));

conformance("the adapter of an i.MX 8M Mini", () => ({
  driver: driver(),
  bus: 2,
  memory: 0x57,
  empty: 0x50,
  absentBus: 9,
}));

describe("[K11] the i2c driver on a kernel", () => {
  test("has a node to work on", () => {
    expect(existsSync(node)).toBe(true);
  });
});
