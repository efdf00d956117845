/** The guide's page on chip drivers: its files are what they say they are. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { I2cDevice } from "@bulkhead/drivers/chips/device";
import type { ComponentDefinition } from "@bulkhead/sdk";
import { startComponent } from "@bulkhead/sdk/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientOn } from "../../drivers/chips/testing/client.ts";
import { type Model, modelBus } from "../../drivers/i2c/testing/models.ts";
import { loadManifest } from "../../studio/src/check/load.ts";

const root = join(import.meta.dirname, "../..");
const place = join(root, ".cache", `guide-chip-${process.pid}`);
const files = new Map<string, string>();

beforeAll(async () => {
  const text = await readFile(join(root, "docs/guide/chip-driver.md"), "utf8");
  for (const [, file = "", content = ""] of text.matchAll(/^```\w+ file=(\S+)\n([\s\S]*?)^```$/gm)) {
    files.set(file, content);
    await mkdir(dirname(join(place, file)), { recursive: true });
    await writeFile(join(place, file), content);
  }
});
afterAll(() => rm(place, { recursive: true, force: true }));

/** Registers of 16 bits, to be read. */
function chip(registers: Record<number, number>): Model {
  let bytes: number[] = [];
  return {
    isListening: () => true,
    write([register = 0]) {
      const value = registers[register] ?? 0;
      bytes = [value >> 8, value & 0xff];
    },
    read: () => bytes.shift() ?? 0,
    stop() {},
  };
}
const deviceOf = (registers: Record<number, number>) =>
  clientOn(modelBus({ 24: chip(registers) }), { bus: 2, address: 0x18, access: "read" });

describe("[K11] the guide's page on chip drivers", () => {
  test("has a manifest that its board takes", () => {
    const { compiled } = loadManifest(join(place, "manifest.yaml"));
    expect(compiled).not.toHaveProperty("errors");
  });

  test("has a driver that says what the table of its test says, and a test of that driver", async () => {
    const { createMcp9808 } = (await import(join(place, "mcp9808.ts"))) as {
      createMcp9808(device: I2cDevice): { isThere(): Promise<boolean>; readMilliC(): Promise<number> };
    };
    const rows = [...(files.get("mcp9808.test.ts") ?? "").matchAll(/\[(0x[0-9a-f]{4}), (-?[\d_]+)\]/g)];
    expect(rows.length).toBeGreaterThan(3);
    for (const [, register, milliC = ""] of rows) {
      const driver = createMcp9808(await deviceOf({ 5: Number(register), 6: 0x54 }));
      expect([await driver.isThere(), await driver.readMilliC()]).toEqual([true, Number(milliC.replace("_", ""))]);
    }
    expect(await createMcp9808(await deviceOf({ 6: 0x55 })).isThere()).toBe(false);
  });

  test("has a component that starts with the chip, and not with another", async () => {
    const { component } = (await import(join(place, "thermometer/main.ts"))) as { component: ComponentDefinition };
    const start = async (id: number) =>
      startComponent(component, { uses: { chip: await deviceOf({ 6: id }) } as never });
    await expect(start(1)).rejects.toThrow("no MCP9808");
    await (await start(0x54)).stop();
  });

  test("tells the codes that the driver has", async () => {
    const page = await readFile(join(root, "docs/guide/chip-driver.md"), "utf8");
    const faults = await readFile(join(root, "drivers/i2c/faults.ts"), "utf8");
    const codes = new Set([...faults.matchAll(/"((?:I2C|DEVICE)_[A-Z_]+)"/g)].map(([, code = ""]) => code));
    codes.delete("DEVICE_FAILED");
    for (const code of codes) expect(page).toContain(`\`${code}\``);
  });
});
