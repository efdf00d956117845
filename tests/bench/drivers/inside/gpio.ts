/**
 * Measures GPIO in a guest that has the kernel's simulation, ours beside its peers, and writes what came out to /run/report as JSON. Each
 * figure is the best of several rounds in turns: what else the host does takes time from all alike, and never gives any.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { Gpio } from "onoff";
import { asInput, asOutput } from "../../../../drivers/gpio/conformance.ts";
import { type GpioDriver, monotonicUs } from "../../../../drivers/gpio/driver.ts";
import { openControllers } from "../../../../drivers/gpio/testing/simulated-controllers.ts";
import { median } from "../../figures.ts";

const loop = "/tmp/loop";
execFileSync("tcc", ["-o", loop, new URL("loop.c", import.meta.url).pathname]);

const world = openControllers();
const [controller] = world.controllers;
const node = `/dev/${controller.chip}`;
const rounds = 3;
/** So short that the host, which does other things as well, leaves some of them alone. */
const batch = 40;
const batches = 150;

type What = "set" | "get";
type Contender = (what: What) => Promise<number>;
type Level = 0 | 1;

/** Nanoseconds a call, in the best of the batches. */
async function best(call: (level: Level) => unknown, count = batches, size = batch): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let done = 0; done < count; done += 1) {
    const begin = process.hrtime.bigint();
    for (let each = 0; each < size; each += 1) await call(each % 2 === 1 ? 1 : 0);
    least = Math.min(least, Number(process.hrtime.bigint() - begin) / size);
  }
  return least;
}

/** The same for calls that are not waited for: a wait costs as well. */
function bestAtOnce(call: (level: Level) => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let done = 0; done < batches; done += 1) {
    const begin = process.hrtime.bigint();
    for (let each = 0; each < batch; each += 1) call(each % 2 === 1 ? 1 : 0);
    least = Math.min(least, Number(process.hrtime.bigint() - begin) / batch);
  }
  return least;
}

const ours =
  (driver: GpioDriver): Contender =>
  async (what) => {
    const lines = await driver.claim(["P3"], what === "set" ? asOutput(0) : asInput);
    const ns = await best((level) => (what === "set" ? lines.write([level]) : lines.read()));
    await lines.release();
    return ns;
  };

const numberOf = (line: number) => Number(readFileSync(`${controller.directory()}/base`, "utf8")) + line;

async function withOnoff(what: What, measure: (gpio: Gpio) => number | Promise<number>): Promise<number> {
  const gpio = new Gpio(numberOf(3), what === "set" ? "out" : "in");
  const ns = await measure(gpio);
  gpio.unexport();
  return ns;
}

const contenders: Readonly<Record<string, Contender>> = {
  "C, ioctl": async (what) => Number(execFileSync(loop, [what, node, "3", `${batches}`], { encoding: "utf8" })),
  "ours, chardev": ours(world.chardev()),
  "ours, sysfs": ours(world.sysfs()),
  "onoff, sync": (what) =>
    withOnoff(what, (gpio) => bestAtOnce((level) => (what === "set" ? gpio.writeSync(level) : gpio.readSync()))),
  "onoff, async": (what) =>
    withOnoff(what, (gpio) => best((level) => (what === "set" ? gpio.write(level) : gpio.read()), 20)),
  // A program has to be started for each.
  "libgpiod, gpioset and gpioget": (what) => {
    const [program, line] = what === "set" ? ["gpioset", "3=1"] : ["gpioget", "3"];
    const toggles = what === "set" ? ["--toggle", "0"] : [];
    return best(() => execFileSync(program, [...toggles, "--chip", controller.chip, line]), 5, 1);
  },
};

async function rates(): Promise<Record<string, { setNs: number; getNs: number }>> {
  const least: Record<string, { setNs: number; getNs: number }> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, contender] of Object.entries(contenders)) {
      const last = least[name] ?? { setNs: Number.POSITIVE_INFINITY, getNs: Number.POSITIVE_INFINITY };
      least[name] = {
        setNs: Math.min(last.setNs, await contender("set")),
        getNs: Math.min(last.getNs, await contender("get")),
      };
    }
  }
  return least;
}

type Latency = { readonly seen: number; readonly medianUs: number; readonly leastUs: number };
const edges = 200;

/** One edge after the other, with a pause that everybody is done in. */
async function drivePaced(): Promise<void> {
  for (let done = 1; done <= edges; done += 1) {
    world.drive("P1", done % 2 === 1 ? 1 : 0);
    await wait(10);
  }
  await wait(500);
}

async function latencyOf(driver: GpioDriver): Promise<Latency> {
  world.drive("P1", 0);
  const lines = await driver.claim(["P1"], asInput);
  const ages: number[] = [];
  await lines.watch(
    "both",
    (edge) => ages.push(monotonicUs() - edge.timeUs),
    () => {},
  );
  await drivePaced();
  await lines.release();
  return { seen: ages.length, medianUs: median(ages), leastUs: Math.min(...ages) };
}

/** A program that prints the age of each edge, in nanoseconds. */
async function latencyOfC(): Promise<Latency> {
  world.drive("P1", 0);
  const child = spawn(loop, ["edges", node, "1", `${edges}`]);
  const ages: number[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => line !== "ready" && ages.push(Number(line) / 1000));
  await once(lines, "line");
  await drivePaced();
  child.kill();
  return { seen: ages.length, medianUs: median(ages), leastUs: Math.min(...ages) };
}

const burst = 1000;

/** Edges as fast as they can be made, while the watching process does nothing else; how many of them are heard of. */
async function heardOf(driver: GpioDriver): Promise<{ heard: number; gaps: number }> {
  world.drive("P1", 0);
  const lines = await driver.claim(["P1"], asInput);
  const sequences: number[] = [];
  await lines.watch(
    "both",
    (edge) => sequences.push(edge.sequence),
    () => {},
  );
  for (let done = 1; done <= burst; done += 1) world.drive("P1", done % 2 === 1 ? 1 : 0);
  await wait(2000);
  await lines.release();
  return { heard: sequences.length, gaps: (sequences.at(-1) ?? -1) + 1 - sequences.length };
}

async function gpiomonHears(): Promise<{ heard: number; gaps: number }> {
  world.drive("P1", 0);
  const child = spawn("gpiomon", ["--banner", "--chip", controller.chip, "--format", "%l", "1"]);
  let heard = 0;
  const lines = createInterface({ input: child.stdout });
  await once(lines, "line");
  lines.on("line", () => (heard += 1));
  for (let done = 1; done <= burst; done += 1) world.drive("P1", done % 2 === 1 ? 1 : 0);
  await wait(2000);
  child.kill();
  return { heard, gaps: 0 };
}

const report = {
  rates: await rates(),
  latency: { "C, read": await latencyOfC(), "ours, chardev": await latencyOf(world.chardev()) },
  burst: {
    of: burst,
    "ours, chardev": await heardOf(world.chardev()),
    "ours, sysfs (onoff)": await heardOf(world.sysfs()),
    "libgpiod, gpiomon": await gpiomonHears(),
  },
};
writeFileSync("/run/report", JSON.stringify(report));
world.close();
