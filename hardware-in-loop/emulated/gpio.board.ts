/** Both GPIO back-ends on the controllers of an emulated SoC: the same suite as on the kernel's simulation, with the SoC's own kernel driver. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { chardevGpio } from "../../drivers/gpio/chardev/index.ts";
import { asInput, conformance, type GpioBench } from "../../drivers/gpio/conformance.ts";
import { sysfsGpio } from "../../drivers/gpio/sysfs.ts";
import { loadKernel } from "../../drivers/gpio/testing/add-ons.ts";
import { thisBoard } from "./boards/index.ts";
import { askHost } from "./stimulus/ask.ts";

const board = thisBoard();
const stimulus = askHost();
const kernel = loadKernel();
/** QEMU can watch the outputs of one controller, in its life. */
const watched = 2;
const pins = {
  IN1: { bank: watched, line: 10 },
  IN2: { bank: watched, line: 12 },
  OUT: { bank: watched, line: 11 },
  ELSEWHERE: { bank: 3, line: 10 },
  BEYOND: { bank: watched, line: 32 },
} as const;
const place = (pin: string) => pins[pin as keyof typeof pins];

function below(directory: string): string {
  const name = readdirSync(directory).find((entry) => /^gpiochip\d+$/.test(entry));
  if (name === undefined) throw new Error(`no controller in ${directory}`);
  return name;
}
const deviceOf = (bank: number) => join("/sys/bus/platform/devices", board.banks[bank]?.at ?? "");
const chardev = () => chardevGpio({ ...kernel, pins, nodeOf: (bank) => `/dev/${below(deviceOf(bank))}` });
const sysfs = () => {
  const directoryOf = (bank: number) => {
    const directory = join(deviceOf(bank), "gpio");
    return join(directory, below(directory));
  };
  return sysfsGpio({ pins, directoryOf, createPoller: kernel.createPoller });
};

async function open(backend: "chardev" | "sysfs"): Promise<GpioBench> {
  const driver = backend === "chardev" ? chardev() : sysfs();
  const other = chardev();
  const { bank, line } = pins.OUT;
  await stimulus.output(bank, line);
  return {
    driver,
    pins: { inputs: ["IN1", "IN2"], output: "OUT", elsewhere: "ELSEWHERE" },
    beyond: "BEYOND",
    isApart: true,
    drive: (pin, level) => stimulus.pin(place(pin).bank, place(pin).line, level),
    sense: async (pin) => (await stimulus.output(place(pin).bank, place(pin).line)) ?? 0,
    async occupy(pin) {
      const lines = await other.claim([pin], asInput);
      return () => lines.release();
    },
    // The SoC's driver is part of the kernel and cannot be taken off its controllers.
    plug: null,
    close: async () => undefined,
  };
}

conformance(`chardev on ${board.name}`, () => open("chardev"));
conformance(`sysfs on ${board.name}`, () => open("sysfs"));
