import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compile } from "./compile.ts";

const tests = join(import.meta.dirname, "../../../tests/manifests");
const boardText = readFileSync(join(tests, "boards/open.yaml"), "utf8");
const manifest = readFileSync(join(tests, "valid/devices.yaml"), "utf8");

function componentsOf(text = manifest, board = boardText) {
  const compiled = compile(text, { file: "m.yaml", board: () => ({ file: "open.yaml", text: board }) });
  if ("errors" in compiled) throw new Error(JSON.stringify(compiled.errors));
  return compiled.plan.components;
}

describe("[K11] what a driver gets", () => {
  test("are the nodes, attributes and interfaces of its devices, found by the kernel's names of controllers", () => {
    const components = componentsOf();
    const got = Object.fromEntries(
      Object.entries(components).flatMap(([name, { role, nodes, attributes, interfaces }]) =>
        role === "driver" ? [[name, { nodes, attributes, interfaces }]] : [],
      ),
    );
    expect(got).toEqual({
      gpio: {
        nodes: {
          "gpio-0": { subsystem: "gpio", at: "44e07000.gpio" },
          "gpio-1": { subsystem: "gpio", at: "30a40000.i2c/0x21" },
        },
      },
      i2c: {
        nodes: {
          "i2c-1": { subsystem: "i2c-dev", node: "/dev/i2c-1" },
          "i2c-2": { subsystem: "i2c-dev", at: "4819c000.i2c" },
        },
      },
      serial: { nodes: { ttyS5: { subsystem: "tty", at: "30880000.serial" } } },
      spi: {
        nodes: {
          "spi-1.0": { subsystem: "spidev", at: "48030000.spi", index: 0 },
          "spi-1.1": { subsystem: "spidev", at: "48030000.spi", index: 1 },
        },
      },
      can: {
        interfaces: {
          "can-0": { at: "481cc000.can", bitrate: 500_000 },
          "can-1": { at: "481d0000.can", bitrate: 500_000, dataBitrate: 2_000_000 },
        },
      },
      pwm: { attributes: { "pwm-1": { subsystem: "pwm", at: "48302200.pwm", write: true, export: [1] } } },
      adc: { attributes: { adc: { subsystem: "iio", at: "44e0d000.tscadc", write: false } } },
      rtc: {
        nodes: { "rtc-1": { subsystem: "rtc", at: "30a30000.i2c/0x68" } },
        attributes: { "rtc-1": { subsystem: "rtc", at: "30a30000.i2c/0x68", write: false } },
      },
      leds: { attributes: { "led-status": { subsystem: "leds", label: "board:green:status", write: true } } },
      watchdog: {
        nodes: { "watchdog-1": { subsystem: "watchdog", at: "30290000.watchdog" } },
        attributes: { "watchdog-1": { subsystem: "watchdog", at: "30290000.watchdog", write: false } },
      },
    });
  });

  test("is told to the driver of pins: those that a grant names, and none else", () => {
    expect(componentsOf()["gpio"]?.config).toEqual({
      backend: "linux",
      interface: "chardev",
      pins: { P1: { bank: 0, line: 1 }, P2: { bank: 0, line: 2 }, P6: { bank: 1, line: 2 } },
    });
    expect(componentsOf()["i2c"]?.config).toEqual({ backend: "linux" });
  });

  test("by sysfs are the lines that are granted, and no node, where author or board says so", () => {
    const exported = {
      "gpio-0": { subsystem: "gpio", at: "44e07000.gpio", write: true, export: [1, 2] },
      "gpio-1": { subsystem: "gpio", at: "30a40000.i2c/0x21", write: true, export: [2] },
    };
    const byAuthor = manifest.replace("devices: [gpio]", "devices: [gpio], config: { interface: sysfs }");
    const byBoard = boardText.replace("class: gpio,", "class: gpio, interface: sysfs,");
    for (const gpio of [componentsOf(byAuthor)["gpio"], componentsOf(manifest, byBoard)["gpio"]]) {
      expect([gpio?.nodes, gpio?.attributes]).toEqual([undefined, exported]);
      expect(gpio?.config).toMatchObject({ interface: "sysfs" });
    }
    const back = componentsOf(
      manifest.replace("devices: [gpio]", "devices: [gpio], config: { interface: chardev }"),
      byBoard,
    );
    expect(back["gpio"]?.attributes).toBe(undefined);
  });

  test("is nothing of a controller none of whose lines or channels is granted", () => {
    const one = componentsOf(manifest.replace(/^ +button: .*\n/m, "").replace(/^ +dim: .*\n/m, ""));
    expect(Object.keys(one["gpio"]?.nodes ?? {})).toEqual(["gpio-0"]);
    expect(one["pwm"]?.attributes).toMatchObject({ "pwm-1": { export: [] } });
  });
});

describe("[K18] a board with hardware", () => {
  const errorsOf = (from: string | RegExp, to: string) => {
    const text = boardText.replace(from, to);
    expect(text).not.toBe(boardText);
    const compiled = compile(manifest, { file: "m.yaml", board: () => ({ file: "open.yaml", text }) });
    return "errors" in compiled ? compiled.errors.map(({ code, message }) => `${code} ${message}`) : [];
  };

  test.each([
    [/, controllers: \[.*?\]/, "gpio", "controllers"],
    [", at: 48302200.pwm", "pwm-1", "at"],
    [", at: 481cc000.can", "can-0", "at"],
    [", at: 48030000.spi", "spi-1.0", "at"],
    [', label: "board:green:status"', "led-status", "label"],
  ])("says where its devices are: without %s of a device it is refused", (what, device, key) => {
    const sentence = `\`${device}\` lacks \`${key}\`: a board with hardware says where its devices are`;
    expect(errorsOf(what, "")).toEqual([`MANIFEST_MISSING_KEY ${sentence}`]);
  });

  test.each(["P1: { line: 1 }", "P1: { bank: 0 }", "P1: { bank: 2, line: 1 }", "P1: {}"])(
    "has its pins at lines of its controllers, so none is %s",
    (pin) => {
      expect(errorsOf("P1: { bank: 0, line: 1 }", pin)).toEqual([
        "MANIFEST_INVALID_VALUE pin `P1` is no line of a controller of `gpio`, which has 2",
      ]);
    },
  );

  test.each([
    ["a path", "48302200.pwm", "../../kernel"],
    ["a name with a slash", "48302200.pwm", "platform/48302200.pwm"],
    ["an address of eight bits", "30a30000.i2c/0x68", "30a30000.i2c/0xa0"],
    ["a label that leads elsewhere", "board:green:status", "../input0"],
    ["a node beside /dev", "/dev/ttymxc3", "/dev/../proc/kcore"],
  ])("names controllers and nodes, and not %s", (_, from, to) => {
    expect(errorsOf(from, to)).toHaveLength(1);
  });
});
