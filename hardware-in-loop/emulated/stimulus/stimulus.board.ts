/** What the host does to an emulated board is seen by the kernel inside it, through drivers of its own and nothing of ours. */
import { existsSync } from "node:fs";
import { open, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { thisBoard } from "../boards/index.ts";
import { askHost } from "./ask.ts";

const board = thisBoard();
const stimulus = askHost();
const text = async (path: string) => (await readFile(path, "utf8")).trim();

/** The kernel's number of the first line of a bank, by the controller's name. */
async function firstNumber(at: string): Promise<number> {
  for (const chip of await readdir("/sys/class/gpio")) {
    const device = join("/sys/class/gpio", chip, "device");
    if (existsSync(device) && basename(await readlink(device)) === at) return Number(chip.replace("gpiochip", ""));
  }
  throw new Error(`no controller ${at}`);
}

/** Lines that stay exported are busy for the character device, of which the files after this one are. */
const giveBack = (number: number) => writeFile("/sys/class/gpio/unexport", `${number}`).catch(() => undefined);

describe.each(board.banks.map((bank, index) => [bank.at, index] as const))("[K11] pins of %s", (at, index) => {
  const line = 10;
  let directory = "";
  beforeAll(async () => {
    const number = (await firstNumber(at)) + line;
    await writeFile("/sys/class/gpio/export", `${number}`).catch((error: NodeJS.ErrnoException) => {
      // The board uses it for something of its own.
      if (error.code !== "EBUSY") throw error;
    });
    directory = `/sys/class/gpio/gpio${number}`;
    return () => giveBack(number);
  });

  test("an input has the level that the world gives it", async ({ skip }) => {
    skip(!existsSync(directory), "the line has another use on this board");
    await writeFile(`${directory}/direction`, "in");
    for (const level of [1, 0, 1] as const) {
      await stimulus.pin(index, line, level);
      expect(await text(`${directory}/value`)).toBe(`${level}`);
    }
  });
});

describe("[K11] what the world sees of a board", () => {
  test("the level of an output, as it changes", async () => {
    const bank = 2;
    const line = 11;
    const number = (await firstNumber(board.banks[bank]?.at ?? "")) + line;
    await writeFile("/sys/class/gpio/export", `${number}`);
    await writeFile(`/sys/class/gpio/gpio${number}/direction`, "out");
    await stimulus.output(bank, line);
    for (const level of [1, 0, 1] as const) {
      await writeFile(`/sys/class/gpio/gpio${number}/value`, `${level}`);
      await expect.poll(() => stimulus.output(bank, line)).toBe(level);
    }
    await giveBack(number);
  });

  test("a line, a bank or a device that is not there is refused, and the board goes on", async () => {
    await expect(stimulus.pin(2, 32, 1)).rejects.toThrow("32 lines");
    await expect(stimulus.pin(9, 0, 1)).rejects.toThrow("banks of pins");
    await expect(stimulus.temperature("nobody", 20_000)).rejects.toThrow("qom-set");
    await stimulus.pin(2, 12, 0);
  });
});

describe("[K11] what hangs on a board", () => {
  const bus = "/sys/bus/i2c/devices/i2c-2";
  afterAll(() => writeFile(`${bus}/delete_device`, "0x48").catch(() => undefined));

  test("a thermometer shows the kernel the temperature that the world gives it", async () => {
    await execa("modprobe", ["lm75"]);
    await writeFile(`${bus}/new_device`, "tmp105 0x48");
    const device = "/sys/bus/i2c/devices/2-0048";
    const [hwmon] = await readdir(`${device}/hwmon`);
    await stimulus.temperature("thermometer", 23_500);
    await expect.poll(() => text(`${device}/hwmon/${hwmon}/temp1_input`)).toBe("23500");
  });

  test("a serial port whose wires are joined gives back what it is sent", async () => {
    const node = board.lines.by === "uarts" ? board.lines.uarts.find(({ end }) => end === "loop")?.node : undefined;
    // A terminal would echo what comes back, and that comes back again.
    await execa("stty", ["-F", node ?? "", "raw", "-echo"]);
    const port = await open(node ?? "", "r+");
    await port.write("hello\n");
    let heard = "";
    while (heard.length < 6) {
      const { buffer, bytesRead } = await port.read(Buffer.alloc(16));
      heard += buffer.toString("utf8", 0, bytesRead);
    }
    await port.close();
    expect(heard).toBe("hello\n");
  });
});
