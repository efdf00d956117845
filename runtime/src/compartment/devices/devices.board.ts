/**
 * What a driver gets, from the kernel of an i.MX 8M: nodes and attributes by the names of controllers that the board's file has, in a real
 * sandbox. Needs root and the board's devices.
 */
import { mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Component, shownNode } from "@bulkhead/protocol";
import { plainComponent } from "@bulkhead/protocol/testing";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Device, devicePaths } from "../../device/index.ts";
import type { Mount } from "../../sandbox/index.ts";
import { type Bench, openBench, type Probed } from "../../sandbox/testing/harness.ts";
import { deviceMounts } from "./device-mounts.ts";

const uid = 10_101;
const other = 10_102;
const gpio5 = "30240000.gpio";
/** Lines 8 and 9 of it hang on nothing. */
const line = 8;
const base = 128;

let directory: string;
let bench: Bench;
const told: string[] = [];
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-devices-"));
  await execa("chmod", ["755", directory]);
  bench = await openBench(uid);
});
afterAll(async () => {
  await bench.close();
  await rm(directory, { recursive: true, force: true });
  await writeFile("/sys/class/gpio/unexport", `${base + line}`).catch(() => undefined);
  await writeFile("/sys/class/pwm/pwmchip0/unexport", "0").catch(() => undefined);
});

function mountsOf(more: Partial<Component>): Promise<Mount[]> {
  const paths = { ...devicePaths({ dataDir: directory, runDir: directory }), view: directory };
  const log = { line: (text: string) => told.push(text) };
  const device = { config: { board: "imx8mm-evk" }, paths, log } as unknown as Device;
  return deviceMounts(device, "driver", plainComponent({ role: "driver", ...more }), uid);
}

const sourceOf = (mounts: readonly Mount[], target: string): string => {
  const mount = mounts.find((each) => each.target === target);
  if (mount === undefined || !("source" in mount)) throw new Error(`nothing is mounted at ${target}`);
  return mount.source;
};

describe("[K11] [K18] nodes on a kernel of a board", () => {
  const nodes = {
    "gpio-4": { subsystem: "gpio", at: gpio5 },
    "i2c-2": { subsystem: "i2c-dev", at: "30a40000.i2c" },
    "spi-2.0": { subsystem: "spidev", at: "30840000.spi", index: 0 },
    ttymxc2: { subsystem: "tty", at: "30880000.serial" },
    rtc: { subsystem: "rtc", at: "30370000.snvs:snvs-rtc-lp" },
    watchdog: { subsystem: "watchdog", at: "30280000.watchdog" },
  } as const;

  test("are those of the controllers, which the driver's uid alone may open", async () => {
    const mounts = await mountsOf({ nodes });
    const classOf = async (name: string) => {
      const { rdev } = await stat(sourceOf(mounts, shownNode(name)));
      const uevent = await readFile(`/sys/dev/char/${(rdev >> 8) & 0xfff}:${rdev & 0xff}/uevent`, "utf8");
      return /DEVNAME=(.*)/.exec(uevent)?.[1]?.replace(/\d+(\.\d+)?$/, "");
    };
    const found = await Promise.all(Object.keys(nodes).map(classOf));
    expect(found).toEqual(["gpiochip", "i2c-", "spidev", "ttymxc", "rtc", "watchdog"]);
    const opens = async (who: number, name: string) => {
      const path = sourceOf(mounts, shownNode(name));
      const as = ["--reuid", `${who}`, "--regid", `${who}`, "--clear-groups", "--"];
      return !(await execa("setpriv", [...as, "sh", "-c", 'exec 3<>"$1"', "sh", path], { reject: false })).failed;
    };
    for (const name of Object.keys(nodes).filter((each) => each !== "rtc" && each !== "watchdog")) {
      expect([name, await opens(uid, name), await opens(other, name)]).toEqual([name, true, false]);
    }
  });

  test("are the controller's itself: its lines are told by the kernel under the name that the device tree gives it", async () => {
    const { rdev } = await stat(sourceOf(await mountsOf({ nodes: { "gpio-4": nodes["gpio-4"] } }), "/dev/gpio-4"));
    const device = await realpath(`/sys/dev/char/${(rdev >> 8) & 0xfff}:${rdev & 0xff}`);
    const uevent = await readFile(join(dirname(device), "uevent"), "utf8");
    expect(uevent).toContain("OF_FULLNAME=/soc@0/bus@30000000/gpio@30240000");
  });

  test("are not those that the board has not, and none of another class than it says", async () => {
    expect(await mountsOf({ nodes: { "i2c-9": { subsystem: "i2c-dev", at: "30ae0000.i2c" } } })).toEqual([]);
    expect(await mountsOf({ nodes: { "i2c-9": { subsystem: "i2c-dev", at: gpio5 } } })).toEqual([]);
    await expect(mountsOf({ nodes: { "i2c-9": { subsystem: "i2c-dev", node: "/dev/mem" } } })).rejects.toThrow(
      "is none",
    );
  });
});

describe("[K11] attributes on a kernel of a board", () => {
  let probed: Probed;
  beforeAll(async () => {
    // `status` on one of the kits, `yellow:status` on the other.
    const label = (await readdir("/sys/class/leds")).find((name) => name.endsWith("status")) ?? "absent";
    const mounts = await mountsOf({
      attributes: {
        "gpio-4": { subsystem: "gpio", at: gpio5, write: true, export: [line] },
        "pwm-0": { subsystem: "pwm", at: "30660000.pwm", write: true, export: [0] },
        "led-status": { subsystem: "leds", label, write: true },
        watchdog: { subsystem: "watchdog", at: "30280000.watchdog", write: false },
        rtc: { subsystem: "rtc", at: "30370000.snvs:snvs-rtc-lp", write: false },
      },
    });
    probed = await bench.probe({ mounts, cgroup: `${bench.instance}/driver` });
  });
  const read = async (path: string) => (await probed.ask({ probe: "read", path })).value;
  /** `x` is a value of none of them: EINVAL is the attribute's own answer, everything else somebody's before it. */
  const write = async (path: string) => (await probed.ask({ probe: "write", path })).code;

  test("of a line are where package onoff looks for them, and the line's alone", async () => {
    const own = `/sys/class/gpio/gpio${base + line}`;
    expect(await read("/run/devices/gpio-4/base")).toBe(`${base}\n`);
    expect(await read(`${own}/direction`)).toBe("in\n");
    for (const file of ["direction", "value", "edge", "active_low"]) {
      expect([file, await write(`${own}/${file}`)]).toEqual([file, file === "value" ? "EPERM" : "EINVAL"]);
    }
    expect(await write(`${own}/uevent`)).toBe("EROFS");
    expect((await probed.ask({ probe: "list", path: "/sys/class/gpio" })).value).toEqual([`gpio${base + line}`]);
  });

  test("of PWM and of a LED are those that the class needs", async () => {
    expect(await read("/run/devices/pwm-0/npwm")).toBe("1\n");
    for (const file of ["period", "duty_cycle", "enable"]) {
      expect([file, await write(`/run/devices/pwm-0/pwm0/${file}`)]).toEqual([file, "EINVAL"]);
    }
    expect(await write("/run/devices/pwm-0/export")).toBe("EROFS");
    expect(await read("/run/devices/led-status/max_brightness")).toMatch(/^\d+\n$/);
    expect(await write("/run/devices/led-status/brightness")).toBe("EINVAL");
    expect(await write("/run/devices/led-status/uevent")).toBe("EROFS");
  });

  test("of a watchdog and a clock are read and not written", async () => {
    expect(Number(await read("/run/devices/watchdog/timeout"))).toBeGreaterThan(0);
    expect(await write("/run/devices/watchdog/nowayout")).toBe("EROFS");
    expect(Number(await read("/run/devices/rtc/since_epoch"))).toBeGreaterThanOrEqual(0);
  });

  test("lower the level of who writes them, which the kernel's mounts say", () => {
    expect(probed.sandbox.level).toMatchObject({ writesSysfs: true, missing: [] });
    expect(told).toEqual([]);
  });

  test("of a line go back to the kernel when the driver gets the controller's node in their place", async () => {
    const exported = async () => (await readdir("/sys/class/gpio")).includes(`gpio${base + line}`);
    expect(await exported()).toBe(true);
    const config = { backend: "linux", pins: { GPIO5_IO8: { bank: 4, line } } };
    await mountsOf({ nodes: { "gpio-4": { subsystem: "gpio", at: gpio5 } }, config });
    expect(await exported()).toBe(false);
  });
});
