/**
 * Whole drivers on the kernel of a board: built as ever, started by the root server in their sandboxes, used by a component that has one
 * grant of each. What the component does is seen from outside the board; what it is refused, and who is killed, in its lines.
 */
import { cp, lstat, readdir, readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { releaseSchema } from "@bulkhead/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unbind } from "../../../drivers/sysfs/testing/board.ts";
import {
  allReady,
  cleanUp,
  cleanUpAll,
  nextName,
  stateOf,
  until,
  watchStatus,
} from "../../../runtime/src/root-server/testing/bench.ts";
import { flashDevice, type SpecWorld } from "../../../runtime/src/root-server/testing/device.ts";
import { askHost } from "../stimulus/ask.ts";
import { wholeDrivers } from "./place.ts";

const stimulus = askHost();
const built = join(import.meta.dirname, "../../..", wholeDrivers);
const bank = 4;
const lamp = 8;
const button = 9;
/** Those that have device nodes alone: by name, and the kernel's name of the one that it is given. */
const drivers = { gpio: "gpiochip4", i2c: "i2c-2", serial: "ttymxc2" } as const;
type Driver = keyof typeof drivers;

let world: SpecWorld;
let watch: Awaited<ReturnType<typeof watchStatus>>;
let client: ReturnType<SpecWorld["console"]>;

/** Waits for a line of the client that comes after the first `from`. */
const says = (words: string, from = 0) =>
  until(
    () => client.lines.slice(from).find((line) => line === words),
    `the client's line ${words}; it said ${client.lines.slice(-12).join(" | ")}; ${world.lines.slice(-5).join("\n")}`,
  );
const lampOutside = () => stimulus.output(bank, lamp);
const pidOf = async (name: string) => {
  const { pid } = stateOf(await watch.when(allReady), name) ?? {};
  return world.hostPid(pid);
};

beforeAll(async () => {
  const device = await flashDevice(
    nextName(),
    async (into) => {
      await cp(join(built, "release"), into, { recursive: true });
      return releaseSchema.parse(JSON.parse(await readFile(join(into, "release.json"), "utf8")));
    },
    700_000,
    { board: "imx8mm-evk" },
  );
  cleanUp.push(() => device.remove());
  await stimulus.pin(bank, button, 0);
  await lampOutside();
  world = device.start({ program: join(built, "platform/root-server.js") });
  cleanUp.push(() => world.close());
  watch = await watchStatus(world);
  client = world.console("client");
  await watch.when(allReady).catch((error: Error) => {
    throw new Error(`${error.message}\n${world.lines.join("\n")}\n${client.lines.join("\n")}`);
  });
}, 1_500_000);
afterAll(async () => {
  client?.close();
  await cleanUpAll();
});

describe("[K11] whole drivers on the kernel of a board", () => {
  test("do for their client what its grants say, with the kernel's own devices", async () => {
    await says("watches");
    await stimulus.temperature("thermometer", 21_500);
    await says("temperature 21.5");
    await says("echo over the wire");
    await says("clock true");
    await says("light done");
    expect(await readFile("/sys/class/leds/status/brightness", "latin1")).toMatch(/^[1-9]/);
    for (const level of [1, 0] as const) {
      const from = client.lines.length;
      await stimulus.pin(bank, button, level);
      await says(`lamp ${level} done`, from);
      await expect.poll(lampOutside).toBe(level);
    }
  });

  test("refuse what is outside a grant, by its code", async () => {
    const line = await until(() => client.lines.find((text) => text.startsWith("{")), "what the client was refused");
    expect(JSON.parse(line)).toEqual({
      "write a pin that is read": "IPC_NOT_GRANTED",
      "watch a pin that is written": "IPC_NOT_GRANTED",
      "write a chip that is read": "IPC_NOT_GRANTED",
      "set the kernel's clock": "RTC_NOT_SETTABLE",
      "speak faster": "IPC_NOT_GRANTED",
    });
  });

  test("see their own device and no other, under a uid, a filter and no capability", async () => {
    const usual = await devicesOf(await pidOf("client"));
    for (const [name, device] of Object.entries(drivers)) {
      const pid = await pidOf(name);
      const more = (await devicesOf(pid)).filter((each) => !usual.includes(each));
      expect([name, more]).toEqual([name, [device]]);
      expect(await readdir(`/proc/${pid}/root`)).not.toContain("sys");
      const status = await readFile(`/proc/${pid}/status`, "utf8");
      expect(/^CapEff:\t(.*)$/m.exec(status)?.[1]).toBe("0000000000000000");
      expect(/^Seccomp:\t(.*)$/m.exec(status)?.[1]).toBe("2");
      expect(Number(/^Uid:\t(\d+)/m.exec(status)?.[1])).toBeGreaterThan(700_000);
    }
    const { components } = await watch.when(allReady);
    expect(components.filter(({ level }) => (level?.missing.length ?? 0) > 0)).toEqual([]);
  });

  test("what a killed driver left on is off before the next one is ready, and its client goes on", async () => {
    await stimulus.pin(bank, button, 1);
    await expect.poll(lampOutside).toBe(1);
    const from = client.lines.length;
    const before = stateOf(await watch.when(allReady), "gpio")?.incarnation ?? 0;
    await kill("gpio");
    await says("gpio down", from);
    await says("watches", from);
    expect(await lampOutside()).toBe(0);
    const after = stateOf(await watch.when(allReady), "gpio");
    expect(after).toMatchObject({ incarnation: before + 1, restarts: 1 });
    await stimulus.pin(bank, button, 0);
    await says("lamp 0 done", from);
    await stimulus.pin(bank, button, 1);
    await says("lamp 1 done", from);
    await expect.poll(lampOutside).toBe(1);
    expect(stateOf(await watch.when(allReady), "client")).toMatchObject({ incarnation: 1, restarts: 0 });
  });

  test("a killed driver of a bus or a port comes back, and its client goes on", async () => {
    for (const [name, what] of [
      ["serial", "echo over the wire"],
      ["i2c", "temperature 30.0"],
    ] as const) {
      const from = client.lines.length;
      await kill(name);
      await says(`${name} down`, from);
      await says(`${name} up`, from);
      // The client says what is another than before.
      if (name === "i2c") await stimulus.temperature("thermometer", 30_000);
      await says(what, from);
    }
    expect(stateOf(await watch.when(allReady), "client")).toMatchObject({ incarnation: 1, restarts: 0 });
  });

  test("a bus that is unplugged is told as absent, and its client goes on when it is back", async () => {
    await stimulus.temperature("thermometer", 18_000);
    await says("temperature 18.0");
    const from = client.lines.length;
    const plug = await unplug("30a40000.i2c");
    await says("temperature DEVICE_ABSENT", from);
    // Nobody else has noticed.
    await stimulus.pin(bank, button, 0);
    await says("lamp 0 done", from);
    await plug();
    await says("temperature 18.0", from);
    expect(client.lines.slice(from)).not.toContain("gpio down");
    expect(client.lines.slice(from)).not.toContain("serial down");
    expect(stateOf(await watch.when(allReady), "client")).toMatchObject({ incarnation: 1, restarts: 0 });
  });

  test("a device of attributes that is unplugged is told as absent; when it is back its driver is started anew, and its client goes on", async () => {
    const from = client.lines.length;
    const before = stateOf(await watch.when(allReady), "leds")?.incarnation ?? 0;
    const plug = await unplug("leds");
    await says("light DEVICE_ABSENT", from);
    await plug();
    await until(
      async () => (stateOf(await watch.when(allReady), "leds")?.incarnation ?? 0) > before,
      `the driver of LEDs in its next life; ${world.lines.slice(-5).join("\n")}`,
    );
    await until(() => client.lines.slice(from).at(-1) === "light done", `light done last: ${client.lines.slice(from)}`);
    expect(await readFile("/sys/class/leds/status/brightness", "latin1")).toMatch(/^[1-9]/);
    expect(stateOf(await watch.when(allReady), "client")).toMatchObject({ incarnation: 1, restarts: 0 });
  });
});

/** Takes a device from its driver in the kernel, and gives it back. */
async function unplug(device: string): Promise<() => Promise<void>> {
  return unbind(await realpath(join("/sys/bus/platform/devices", device, "driver")), device);
}

async function kill(name: Driver): Promise<void> {
  process.kill(await pidOf(name), "SIGKILL");
}

/** By the kernel's names, of what `pid` has in its /dev. */
async function devicesOf(pid: number): Promise<string[]> {
  const directory = `/proc/${pid}/root/dev`;
  const stats = await Promise.all((await readdir(directory)).map((name) => lstat(join(directory, name))));
  const numbers = stats.filter((each) => each.isCharacterDevice()).map(({ rdev }) => rdev);
  const names = numbers.map(async (rdev) => {
    const uevent = await readFile(`/sys/dev/char/${(rdev >> 8) & 0xfff}:${rdev & 0xff}/uevent`, "utf8");
    return /^DEVNAME=(.*)$/m.exec(uevent)?.[1] ?? `${rdev}`;
  });
  return (await Promise.all(names)).sort();
}
