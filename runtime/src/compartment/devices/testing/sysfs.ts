/** A tree of sysfs as kernels of boards have it (6.12 of Debian on an i.MX 8M Mini and an AM335x), in a directory of a test's. */
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Roots } from "../find.ts";

type Entry = { readonly subsystem?: string; readonly attributes?: Readonly<Record<string, string>> };

/** Makes `entries`, by their paths below /sys/devices; each is linked from its bus or class, and from dev/char where it has a number. */
export async function makeSysfs(directory: string, entries: Readonly<Record<string, Entry>>): Promise<Roots> {
  const roots = { sys: join(directory, "sys"), dev: join(directory, "dev") };
  await mkdir(roots.dev, { recursive: true });
  for (const [path, entry] of Object.entries(entries))
    await makeEntry(roots.sys, join(roots.sys, "devices", path), entry);
  return roots;
}

async function makeEntry(sys: string, path: string, { subsystem, attributes = {} }: Entry): Promise<void> {
  await mkdir(path, { recursive: true });
  for (const [name, text] of Object.entries(attributes)) await writeFile(join(path, name), `${text}\n`);
  if (subsystem === undefined) return;
  const listed = subsystem.startsWith("bus/") ? join(sys, subsystem, "devices") : join(sys, subsystem);
  await mkdir(listed, { recursive: true });
  await symlink(join(sys, subsystem), join(path, "subsystem"));
  await symlink(path, join(listed, basename(path)));
  if (attributes["dev"] === undefined) return;
  const number = join(sys, "dev/char", attributes["dev"]);
  await mkdir(dirname(number), { recursive: true });
  await symlink(path, number);
}

const node = (dev: string, name: string) => ({ dev, uevent: `MAJOR=${dev.split(":")[0]}\nDEVNAME=${name}` });

/** Two controllers of pins, a bus with chips and a multiplexer, a SPI controller, PWM, ADC, a LED, a clock, a watchdog. */
export const board: Readonly<Record<string, Entry>> = {
  "platform/44e07000.gpio": { subsystem: "bus/platform" },
  "platform/44e07000.gpio/gpiochip3": { subsystem: "bus/gpio", attributes: node("254:3", "gpiochip3") },
  "platform/44e07000.gpio/gpio/gpiochip512": { subsystem: "class/gpio", attributes: { base: "512", ngpio: "32" } },
  "platform/30a40000.i2c": { subsystem: "bus/platform" },
  "platform/30a40000.i2c/i2c-2": { subsystem: "bus/i2c" },
  "platform/30a40000.i2c/i2c-2/i2c-dev/i2c-2": { subsystem: "class/i2c-dev", attributes: node("89:2", "i2c-2") },
  "platform/30a40000.i2c/i2c-2/2-0021": { subsystem: "bus/i2c" },
  "platform/30a40000.i2c/i2c-2/2-0021/gpiochip5": { subsystem: "bus/gpio", attributes: node("254:5", "gpiochip5") },
  "platform/30a40000.i2c/i2c-2/2-0021/gpio/gpiochip544": {
    subsystem: "class/gpio",
    attributes: { base: "544", ngpio: "16" },
  },
  "platform/30a40000.i2c/i2c-2/2-0068": { subsystem: "bus/i2c" },
  "platform/30a40000.i2c/i2c-2/2-0068/rtc/rtc1": { subsystem: "class/rtc", attributes: node("251:1", "rtc1") },
  "platform/30a40000.i2c/i2c-2/2-0070/i2c-7": { subsystem: "bus/i2c" },
  "platform/30a40000.i2c/i2c-2/2-0070/i2c-7/i2c-dev/i2c-7": {
    subsystem: "class/i2c-dev",
    attributes: node("89:7", "i2c-7"),
  },
  "platform/48030000.spi": { subsystem: "bus/platform" },
  "platform/48030000.spi/spi_master/spi1/spi1.0": { subsystem: "bus/spi" },
  "platform/48030000.spi/spi_master/spi1/spi1.0/spidev/spidev1.0": {
    subsystem: "class/spidev",
    attributes: node("153:0", "spidev1.0"),
  },
  "platform/48030000.spi/spi_master/spi1/spi1.1/spidev/spidev1.1": {
    subsystem: "class/spidev",
    attributes: node("153:1", "spidev1.1"),
  },
  "platform/48302200.pwm": { subsystem: "bus/platform" },
  "platform/48302200.pwm/pwm/pwmchip0": { subsystem: "class/pwm", attributes: { npwm: "2", export: "" } },
  "platform/48302200.pwm/pwm/pwmchip0/pwm1": {
    attributes: { period: "0", duty_cycle: "0", polarity: "normal", enable: "0", capture: "" },
  },
  "platform/44e0d000.tscadc": { subsystem: "bus/platform" },
  "platform/44e0d000.tscadc/TI-am335x-adc.0.auto/iio:device0": {
    subsystem: "bus/iio",
    attributes: { in_voltage0_raw: "7" },
  },
  "platform/leds/leds/board:green:status": {
    subsystem: "class/leds",
    attributes: { brightness: "0", trigger: "[none] timer", max_brightness: "1" },
  },
  "platform/44e35000.wdt": { subsystem: "bus/platform" },
  "platform/44e35000.wdt/watchdog/watchdog0": {
    subsystem: "class/watchdog",
    attributes: { ...node("250:0", "watchdog0"), timeout: "60" },
  },
  "virtual/misc/mem": { subsystem: "class/mem", attributes: node("1:1", "mem") },
};
