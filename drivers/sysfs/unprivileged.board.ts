/**
 * PWM and LEDs as a sandbox has them: another uid without a capability, directories that are read-only, and of their attributes
 * only those its own that the root server gives away (runtime/src/compartment/devices/attributes.ts).
 */
import { execFile } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { findIn, firstOf, load, textOf } from "./testing/board.ts";

const run = promisify(execFile);
const leds = firstOf("platform", ["leds", "gpio-leds"]);
const nobody = 65_534;
const program = fileURLToPath(new URL("testing/unprivileged.ts", import.meta.url));

/** `source` at `target`, read-only but for `files`, which are the other uid's. */
async function show(source: string, target: string, files: readonly string[]): Promise<void> {
  await mkdir(target);
  await run("mount", ["--bind", source, target]);
  await run("mount", ["-o", "remount,bind,ro", target]);
  for (const file of files) {
    await chown(join(source, file), nobody, nobody);
    await run("mount", ["--bind", join(source, file), join(target, file)]);
  }
}

async function hide(directory: string, names: readonly string[]): Promise<void> {
  for (const name of names) await run("umount", ["--recursive", join(directory, name)]);
}

async function runAsNobody(directory: string): Promise<unknown> {
  const ids = ["--reuid", `${nobody}`, "--regid", `${nobody}`, "--clear-groups"];
  const user = [...ids, "--bounding-set=-all", "--no-new-privs"];
  const { stdout } = await run("setpriv", [...user, "node", program, directory]);
  return JSON.parse(stdout);
}

describe("[K11] pwm and leds without privileges", () => {
  let directory: string;
  let chip: string;
  let led: string;
  beforeAll(async () => {
    for (const module of ["pwm-imx27", "leds-gpio", "ledtrig-timer"]) await load(module);
    const controller = firstOf("platform", ["30660000.pwm", "208c000.pwm"]);
    chip = await realpath(await findIn(`/sys/bus/platform/devices/${controller}/pwm`, /^pwmchip\d+$/));
    led = await realpath(await findIn(`/sys/bus/platform/devices/${leds}/leds`, /status/));
  });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "bulkhead-unprivileged-"));
    await chmod(directory, 0o755);
  });
  afterEach(() => rm(directory, { recursive: true }));

  test("call an output busy that the root server could not export", async () => {
    await show(chip, join(directory, "pwm-1"), []);
    expect(await runAsNobody(directory)).toEqual({ first: "DEVICE_BUSY" });
    await hide(directory, ["pwm-1"]);
  });

  test("do what they are asked, the driver blinks in place of the kernel, and what is not theirs stays as it is", async () => {
    await writeFile(join(chip, "export"), "0");
    const attributes = ["period", "duty_cycle", "polarity", "enable"].map((name) => `pwm0/${name}`);
    await show(chip, join(directory, "pwm-1"), attributes);
    // As exported for somebody else.
    await show(chip, join(directory, "pwm-2"), []);
    await show(led, join(directory, "led-status"), ["brightness", "trigger"]);
    expect(await runAsNobody(directory)).toEqual({
      uid: nobody,
      signal: { periodNs: 1_000_000, dutyNs: 250_000, isOn: true },
      blinks: "driver",
      percent: 100,
      others: "DEVICE_FAILED",
    });
    expect(await textOf(join(chip, "pwm0/enable"))).toBe("0");
    await hide(directory, ["pwm-1", "pwm-2", "led-status"]);
    await writeFile(join(chip, "unexport"), "0");
  });
});
