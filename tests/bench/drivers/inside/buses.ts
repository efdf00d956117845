/**
 * Measures round trips on the I2C bus and the joined serial port of an emulated board, ours beside C, and writes what came out to /run/report as
 * JSON. Each figure is the best of many batches, in turns: what else the host does takes time from all alike.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { loadSerial } from "../../../../drivers/gpio/testing/add-ons.ts";
import type { I2cDriver } from "../../../../drivers/i2c/driver.ts";
import { busOnBoard } from "../../../../drivers/i2c/testing/bus-on-board.ts";
import { linuxSerial } from "../../../../drivers/serial/linux.ts";

const loop = "/tmp/buses";
execFileSync("tcc", ["-o", loop, new URL("buses.c", import.meta.url).pathname]);

const rounds = 3;
/** As in buses.c. */
const batch = 10;
const batches = 30;
const thermometer = 0x48;
const port = "ttymxc2";

/** Nanoseconds a round trip, in the best of the batches. */
async function best(trip: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let done = 0; done < batches; done += 1) {
    const begin = process.hrtime.bigint();
    for (let each = 0; each < batch; each += 1) await trip();
    least = Math.min(least, Number(process.hrtime.bigint() - begin) / batch);
  }
  return least;
}

const inC = (what: string, node: string) => async () =>
  Number(execFileSync(loop, [what, node, `${batches}`], { encoding: "utf8" }));

const adapters = "/sys/bus/i2c/devices";
const bus = readdirSync(adapters).find(
  (name) => name.startsWith("i2c-") && readFileSync(`${adapters}/${name}/name`, "utf8").trim() === "30a40000.i2c",
);
const ours = (driver: I2cDriver) => () => best(() => driver.transfer(2, thermometer, Uint8Array.of(0), 2));

async function echo(): Promise<number> {
  const settings = { speed: 115_200, dataBits: 8, parity: "none", stopBits: 1, flow: "none" } as const;
  const tty = await linuxSerial(loadSerial(), "/dev").open(port, settings);
  const data = new TextEncoder().encode("0123456789abcdef");
  const ns = await best(async () => {
    await tty.write(data);
    for (let have = 0; have < data.length; ) have += (await tty.read())?.length ?? Number.NaN;
  });
  await tty.close();
  return ns;
}

type Contenders = Readonly<Record<string, () => Promise<number>>>;
const i2c: Contenders = {
  "C, I2C_RDWR": inC("i2c", `/dev/${bus}`),
  "C, opened and tied to its address each time": inC("i2c-opened", `/dev/${bus}`),
  "ours, I2C_RDWR": ours(busOnBoard(2)),
  "ours, i2c-bus": ours(busOnBoard(2, "i2c-bus")),
};
const serial: Contenders = { "C, read and write": inC("serial", `/dev/${port}`), ours: echo };

async function leastOf(contenders: Contenders): Promise<Record<string, number>> {
  const least: Record<string, number> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, contender] of Object.entries(contenders)) {
      least[name] = Math.min(least[name] ?? Number.POSITIVE_INFINITY, await contender());
    }
  }
  return least;
}

writeFileSync("/run/report", JSON.stringify({ i2c: await leastOf(i2c), serial: await leastOf(serial) }));
