/** On folders that look like the kernel's: what is written where, and in which order. The kernel itself is on the boards. */
import { appendFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { linuxPwm } from "./linux.ts";

let directory: string;
const output = (name = "pwm0") => join(directory, "pwm-1", name);
async function exportChannel(name: string, values: Record<string, string>): Promise<void> {
  await mkdir(output(name), { recursive: true });
  for (const [attribute, value] of Object.entries(values)) await writeFile(join(output(name), attribute), `${value}\n`);
}
const idle = { period: "0", duty_cycle: "0", enable: "0", polarity: "normal" };
const value = async (attribute: string, name?: string) =>
  (await readFile(join(output(name), attribute), "latin1")).trim();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-pwm-"));
  await mkdir(join(directory, "pwm-1"));
  await writeFile(join(directory, "pwm-1/npwm"), "2\n");
  await writeFile(join(directory, "pwm-1/export"), "");
});
afterEach(() => rm(directory, { recursive: true }));

describe("[K11] the pwm driver's back-end on sysfs", () => {
  test("inverts an output before it is on, with a period, as the kernel wants it", async () => {
    await exportChannel("pwm0", idle);
    await linuxPwm(directory).take("pwm-1", 0, "inversed");
    expect(await value("polarity")).toBe("inversed");
    expect(Number(await value("period"))).toBeGreaterThan(0);
    await linuxPwm(directory).take("pwm-1", 0, "normal");
    expect(await value("polarity")).toBe("normal");
  });

  test("takes an output whose polarity cannot be chosen, where it is to be normal", async () => {
    const { polarity: _, ...fixed } = idle;
    await exportChannel("pwm0", fixed);
    const taken = await linuxPwm(directory).take("pwm-1", 0, "normal");
    await taken.set({ periodNs: 1000, dutyNs: 10 });
    expect([await value("period"), await value("duty_cycle"), await value("enable")]).toEqual(["1000", "10", "1"]);
    const refused = linuxPwm(directory).take("pwm-1", 0, "inversed");
    await expect(refused).rejects.toMatchObject({ code: "DEVICE_ABSENT" });
  });

  test("asks for an output that is not exported, and says what is missing", async () => {
    // A folder exports nothing, so that it stays missing.
    await expect(linuxPwm(directory).take("pwm-1", 1, "normal")).rejects.toMatchObject({ code: "DEVICE_ABSENT" });
    expect(await readFile(join(directory, "pwm-1/export"), "latin1")).toBe("1");
    await expect(linuxPwm(directory).take("pwm-1", 2, "normal")).rejects.toThrow(/2 outputs/);
    await expect(linuxPwm(directory).take("pwm-2", 0, "normal")).rejects.toMatchObject({ code: "DEVICE_ABSENT" });
  });

  test("puts off all that is exported, and only that", async () => {
    await exportChannel("pwm0", { ...idle, enable: "1" });
    await exportChannel("pwm1", { ...idle, enable: "1" });
    await mkdir(output("power"));
    await linuxPwm(directory).offAll();
    expect([await value("enable"), await value("enable", "pwm1")]).toEqual(["0", "0"]);
    await linuxPwm(join(directory, "nothing")).offAll();
  });

  test("tells of what the kernel says that is no number", async () => {
    await exportChannel("pwm0", idle);
    const taken = await linuxPwm(directory).take("pwm-1", 0, "normal");
    await appendFile(join(output(), "period"), "x");
    await expect(taken.read()).rejects.toMatchObject({ code: "DEVICE_FAILED" });
  });

  test("is at no moment active for a larger part of a period than before or after", async () => {
    // What the kernel does not take, be it the second of the two writes: a file that nobody can write, of a number.
    const { duty_cycle: _, ...rest } = idle;
    await exportChannel("pwm0", { ...rest, period: "200000" });
    await symlink("/proc/sys/kernel/ngroups_max", join(output(), "duty_cycle"));
    const taken = await linuxPwm(directory).take("pwm-1", 0, "normal");
    await expect(taken.set({ periodNs: 70_000, dutyNs: 1000 })).rejects.toMatchObject({ code: "DEVICE_FAILED" });
    expect(await value("period")).toBe("200000");
  });

  test("puts off what it can where one output fails, and tells of that one", async () => {
    await exportChannel("pwm0", { ...idle, enable: "1" });
    await rm(join(output(), "enable"));
    await mkdir(join(output(), "enable"));
    await exportChannel("pwm1", { ...idle, enable: "1" });
    const told: string[] = [];
    await linuxPwm(directory, (what) => told.push(what)).offAll();
    expect(await value("enable", "pwm1")).toBe("0");
    expect(told).toEqual(["pwm-1/pwm0"]);
  });
});
