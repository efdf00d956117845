/**
 * Controllers of the kernel's GPIO simulation, in a guest that has it (Documentation/admin-guide/gpio/gpio-sim.rst): made and plugged by
 * configfs, driven and seen by sysfs. Root alone can.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const configuration = "/sys/kernel/config";
const drivers = "/sys/bus/platform/drivers/gpio-sim";

export type SimulatedController = {
  /** The kernel's names of it: as a device, and of its node in /dev. */
  readonly device: string;
  readonly chip: string;
  /** Its directory in /sys/class/gpio, by number: another one after each plugging. */
  directory(): string;
  /** What is outside of an input: a resistor that pulls it. */
  drive(line: number, level: 0 | 1): void;
  sense(line: number): 0 | 1;
  unplug(): void;
  plug(): void;
  remove(): void;
};

export function makeController(name: string, lines: number): SimulatedController {
  if (!existsSync(join(configuration, "gpio-sim"))) {
    execFileSync("modprobe", ["gpio-sim"]);
    if (!existsSync(join(configuration, "gpio-sim")))
      execFileSync("mount", ["-t", "configfs", "configfs", configuration]);
  }
  const entry = join(configuration, "gpio-sim", name);
  const bank = join(entry, "bank");
  mkdirSync(bank, { recursive: true });
  writeFileSync(join(bank, "num_lines"), `${lines}`);
  writeFileSync(join(bank, "label"), name);
  writeFileSync(join(entry, "live"), "1");
  const device = read(join(entry, "dev_name"));
  const chip = () => read(join(bank, "chip_name"));
  const attribute = (line: number, which: string) =>
    join("/sys/devices/platform", device, chip(), `sim_gpio${line}`, which);
  return {
    device,
    chip: chip(),
    directory() {
      const folder = "/sys/class/gpio";
      const found = readdirSync(folder).find(
        (entryName) => /^gpiochip\d+$/.test(entryName) && read(join(folder, entryName, "label")) === name,
      );
      return join(folder, found ?? `no-${name}`);
    },
    drive: (line, level) => writeFileSync(attribute(line, "pull"), level === 1 ? "pull-up" : "pull-down"),
    sense: (line) => (read(attribute(line, "value")) === "1" ? 1 : 0),
    unplug: () => writeFileSync(join(drivers, "unbind"), device),
    plug: () => writeFileSync(join(drivers, "bind"), device),
    remove() {
      writeFileSync(join(entry, "live"), "0");
      rmdirSync(bank);
      rmdirSync(entry);
    },
  };
}

const read = (path: string): string => readFileSync(path, "utf8").trim();
