import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AttributesPlace } from "@bulkhead/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { attributeMounts, unexportLines } from "./attributes.ts";
import type { Roots } from "./find.ts";
import { board, makeSysfs } from "./testing/sysfs.ts";

const isRoot = process.getuid?.() === 0;
const uid = 712_346;

let directory: string;
let roots: Roots;
let told: string[];
beforeEach(async () => {
  told = [];
  directory = await mkdtemp(join(tmpdir(), "bulkhead-attributes-"));
  roots = await makeSysfs(directory, {
    ...board,
    // A line that is exported already, below its controller as the kernel has it.
    "platform/44e07000.gpio/gpiochip3/gpio/gpio540": {
      subsystem: "class/gpio",
      attributes: { direction: "in", value: "0", edge: "none", active_low: "0", uevent: "" },
    },
  });
  for (const name of ["export", "unexport"]) await writeFile(join(roots.sys, "class/gpio", name), "");
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const mountsOf = (place: AttributesPlace, name = "it", owner: number | null = isRoot ? uid : null) =>
  attributeMounts({ name, uid: owner, log: (line) => told.push(line) }, place, roots);
const short = async (place: AttributesPlace, name?: string) =>
  (await mountsOf(place, name)).map((mount) => {
    const source = "source" in mount ? mount.source.slice(roots.sys.length) : "";
    return `${mount.kind} ${mount.target} = ${source}`;
  });
const platform = "/devices/platform";

describe("[K11] the attributes that a driver gets", () => {
  test("are those of its device, to read", async () => {
    expect(await short({ subsystem: "iio", at: "44e0d000.tscadc", write: false }, "adc")).toEqual([
      `ro /run/devices/adc = ${platform}/44e0d000.tscadc/TI-am335x-adc.0.auto/iio:device0`,
    ]);
    expect(await short({ subsystem: "watchdog", at: "44e35000.wdt", write: false }, "dog")).toEqual([
      `ro /run/devices/dog = ${platform}/44e35000.wdt/watchdog/watchdog0`,
    ]);
  });

  test("and where the system says so those files alone to write that its class needs", async () => {
    const led = `${platform}/leds/leds/board:green:status`;
    expect(await short({ subsystem: "leds", label: "board:green:status", write: true }, "led-1")).toEqual([
      `ro /run/devices/led-1 = ${led}`,
      `rw /run/devices/led-1/brightness = ${led}/brightness`,
      `rw /run/devices/led-1/trigger = ${led}/trigger`,
    ]);
    expect(await short({ subsystem: "leds", label: "board:green:status", write: false }, "led-1")).toHaveLength(1);
  });

  test("are of a controller of PWM the channels that are granted", async () => {
    const chip = `${platform}/48302200.pwm/pwm/pwmchip0`;
    expect(await short({ subsystem: "pwm", at: "48302200.pwm", write: true, export: [1] }, "pwm-1")).toEqual([
      `ro /run/devices/pwm-1 = ${chip}`,
      ...["period", "duty_cycle", "polarity", "enable"].map(
        (file) => `rw /run/devices/pwm-1/pwm1/${file} = ${chip}/pwm1/${file}`,
      ),
    ]);
    expect(await readFile(join(roots.sys, chip, "export"), "utf8")).toBe("\n");
  });

  test("are no channels that only an earlier generation had: they go back to the kernel", async () => {
    const unexport = join(roots.sys, platform, "48302200.pwm/pwm/pwmchip0/unexport");
    await writeFile(unexport, "");
    await short({ subsystem: "pwm", at: "48302200.pwm", write: true, export: [1] });
    expect(await readFile(unexport, "utf8")).toBe("");
    expect(await short({ subsystem: "pwm", at: "48302200.pwm", write: true, export: [] })).toHaveLength(1);
    expect(await readFile(unexport, "utf8")).toBe("1");
  });

  test("are of a controller of pins the lines that are granted, where package onoff looks for them", async () => {
    const line = `${platform}/44e07000.gpio/gpiochip3/gpio/gpio540`;
    expect(await short({ subsystem: "gpio", at: "44e07000.gpio", write: true, export: [28] }, "gpio-1")).toEqual([
      `ro /run/devices/gpio-1 = ${platform}/44e07000.gpio/gpio/gpiochip512`,
      `ro /sys/class/gpio/gpio540 = ${line}`,
      ...["direction", "value", "edge", "active_low"].map(
        (file) => `rw /sys/class/gpio/gpio540/${file} = ${line}/${file}`,
      ),
    ]);
  });

  test("are asked of the kernel by number where they are not there yet; what it refuses is told, and the rest is given", async () => {
    const place: AttributesPlace = { subsystem: "gpio", at: "30a40000.i2c/0x21", write: true, export: [3] };
    expect(await short(place, "gpio-2")).toHaveLength(1);
    expect(await readFile(join(roots.sys, "class/gpio/export"), "utf8")).toBe("547");
    expect(told).toEqual([]);
    await rm(join(roots.sys, "class/gpio/export"));
    await mkdir(join(roots.sys, "class/gpio/export"));
    expect(await short({ ...place, at: "44e07000.gpio", export: [28, 29] }, "gpio-1")).toHaveLength(6);
    expect(told).toEqual([expect.stringContaining("line 29 of gpio-1 cannot be exported: EISDIR")]);
  });

  test("are of its own controller: a line beyond the last is another's, and neither given nor taken back", async () => {
    const place: AttributesPlace = { subsystem: "gpio", at: "44e07000.gpio", write: true, export: [32, 35] };
    expect(await short(place, "gpio-1")).toHaveLength(1);
    expect(await readFile(join(roots.sys, "class/gpio/export"), "utf8")).toBe("");
    expect(told).toEqual([32, 35].map((line) => `line ${line} of gpio-1 cannot be exported: it has 32 lines`));
    // The same line, by the controller that is before it.
    await mkdir(join(roots.sys, "class/gpio/gpio544"));
    await unexportLines("44e07000.gpio", [32], roots);
    expect(await readFile(join(roots.sys, "class/gpio/unexport"), "utf8")).toBe("");
    await unexportLines("30a40000.i2c/0x21", [0], roots);
    expect(await readFile(join(roots.sys, "class/gpio/unexport"), "utf8")).toBe("544");
  });

  test("are none where the kernel has no such device", async () => {
    expect(await mountsOf({ subsystem: "pwm", at: "48304200.pwm", write: true, export: [0] })).toEqual([]);
    expect(await mountsOf({ subsystem: "leds", label: "absent", write: true })).toEqual([]);
    // A name below /sys/class/leds that leads to something else.
    expect(await mountsOf({ subsystem: "leds", label: "../gpio/gpiochip512", write: true } as never)).toEqual([]);
  });

  test.runIf(isRoot)("have the driver as their owner, and what stands beside them has not", async () => {
    await mountsOf({ subsystem: "leds", label: "board:green:status", write: true });
    const led = join(roots.sys, platform, "leds/leds/board:green:status");
    const owners = await Promise.all(
      ["brightness", "trigger", "max_brightness", "."].map(async (file) => (await stat(join(led, file))).uid),
    );
    expect(owners).toEqual([uid, uid, 0, 0]);
  });

  test("of a line are given back to the kernel before a driver has its controller's node", async () => {
    await unexportLines("44e07000.gpio", [27, 28], roots);
    expect(await readFile(join(roots.sys, "class/gpio/unexport"), "utf8")).toBe("540");
  });
});
