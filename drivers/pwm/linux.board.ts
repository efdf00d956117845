/** The PWM driver on an i.MX's own controller (pwm-imx27): of an i.MX 8M, and of an i.MX 6. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll } from "vitest";
import { findIn, firstOf, load, showDevices, textOf, unbind } from "../sysfs/testing/board.ts";
import { conformance, type PwmBench } from "./conformance.ts";
import { linuxPwm } from "./linux.ts";

const controller = firstOf("platform", ["30660000.pwm", "208c000.pwm"]);
const find = async () => ({
  "pwm-1": await findIn(`/sys/bus/platform/devices/${controller}/pwm`, /^pwmchip\d+$/),
});

beforeAll(() => load("pwm-imx27"));

conformance("pwm-imx27", async (): Promise<PwmBench> => {
  const devices = await showDevices(find);
  const chip = join(devices.directory, "pwm-1");
  const output = async (attribute: string, otherwise: string) =>
    textOf(join(chip, "pwm0", attribute)).catch(() => otherwise);
  return {
    create: () => linuxPwm(devices.directory),
    ...{ device: "pwm-1", channel: 0, missingChannel: 1 },
    observe: async () => ({
      periodNs: Number(await output("period", "0")),
      dutyNs: Number(await output("duty_cycle", "0")),
      isOn: (await output("enable", "0")) === "1",
      polarity: await output("polarity", ""),
    }),
    async unplug() {
      const plug = await unbind("/sys/bus/platform/drivers/pwm-imx27", controller);
      return async () => {
        await plug();
        await devices.show();
      };
    },
    async close() {
      await writeFile(join(chip, "unexport"), "0").catch(() => {});
      await devices.close();
    },
  };
});
