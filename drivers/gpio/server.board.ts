/** The GPIO driver server over the kernel's simulation: what becomes of lines whose driver is killed, and of those that were unplugged. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { startComponent } from "@bulkhead/sdk/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { gpioDriver } from "./server.ts";
import { driverBundle } from "./testing/driver-bundle.ts";
import { openControllers } from "./testing/simulated-controllers.ts";

/** Of a process on an emulated processor whose host is busy. */
const startMs = 1_200_000;

let world: ReturnType<typeof openControllers>;
let child: ChildProcess | undefined;
beforeEach(() => {
  world = openControllers();
});
afterEach(() => {
  child?.kill("SIGKILL");
  world.close();
});

async function startProcess(backend: string): Promise<(answer: RegExp) => Promise<void>> {
  const [controller] = world.controllers;
  let output = "";
  child = spawn(process.execPath, [driverBundle, backend, `/dev/${controller.chip}`, controller.directory()], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const hears = (answer: RegExp) => expect.poll(() => output, { interval: 5, timeout: startMs }).toMatch(answer);
  await hears(/ready/);
  return hears;
}

describe("[K11] the gpio driver and its lines", () => {
  test.each(["chardev", "sysfs"])(
    "over %s: what a killed driver left on is off before the next one is ready",
    async (backend) => {
      const hears = await startProcess(backend);
      expect(world.sense("P3")).toBe(0);
      child?.stdin?.write("1\n");
      await hears(/wrote 1/);
      expect(world.sense("P3")).toBe(1);
      // What a real controller does with a line that is given back: it stays as it was. The simulation lets it go to its resistor.
      world.drive("P3", 1);
      child?.kill("SIGKILL");
      await once(child as ChildProcess, "exit");
      expect(world.sense("P3")).toBe(1);
      await startProcess(backend);
      expect(world.sense("P3")).toBe(0);
    },
  );

  test("an unplugged controller is told to who watches, and all is as it was when it is back", async () => {
    const driver = await startComponent(gpioDriver(world.chardev), { uses: {} });
    const watcher = driver.connect("line", { grant: { pin: "P1", direction: "in" } });
    const output = driver.connect("line", { grant: { pin: "P3", direction: "out", safe: 1 } });
    const other = driver.connect("line", { grant: { pin: "P9", direction: "in" } });
    const told: unknown[] = [];
    watcher.client.channel.on("presence", ({ isPresent }) => told.push(isPresent));
    watcher.client.channel.on("edge", ({ level }) => told.push(level));
    expect(await watcher.client.watch({ edges: "both" })).toEqual({ stamped: "kernel" });
    await output.client.write({ level: 0 });
    world.controllers[0].unplug();
    await expect.poll(() => told).toEqual([false]);
    await expect(output.client.write({ level: 0 })).rejects.toMatchObject({ code: "GPIO_GONE" });
    expect(await other.client.read()).toEqual({ level: 0 });
    world.controllers[0].plug();
    await expect.poll(() => told).toEqual([false, true]);
    // By itself: nobody has asked for it since.
    await expect.poll(() => world.sense("P3")).toBe(1);
    world.drive("P1", 1);
    await expect.poll(() => told).toEqual([false, true, 1]);
    await output.client.write({ level: 0 });
    expect(world.sense("P3")).toBe(0);
    await driver.stop();
  });

  test.each(["chardev", "sysfs"] as const)(
    "over %s: lines of one grant are written and read together, and safe when their client goes",
    async (backend) => {
      const driver = await startComponent(gpioDriver(world[backend]), { uses: {} });
      const pair = driver.connect("lines", { grant: { pins: ["P3", "P1"], direction: "out", safe: 1 } });
      await pair.client.write({ levels: [0, 1] });
      expect([world.sense("P3"), world.sense("P1")]).toEqual([0, 1]);
      expect(await pair.client.read()).toEqual({ levels: [0, 1] });
      await pair.client.write({ levels: [1, 0] });
      expect([world.sense("P3"), world.sense("P1")]).toEqual([1, 0]);
      // A single line of them is nobody else's meanwhile.
      const single = driver.connect("line", { grant: { pin: "P3", direction: "in" } });
      await expect(single.client.read()).rejects.toMatchObject({ code: "GPIO_LINE_BUSY" });
      pair.leave();
      await expect.poll(() => [world.sense("P3"), world.sense("P1")]).toEqual([1, 1]);
      await driver.stop();
    },
  );
});
