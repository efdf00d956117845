/**
 * The back-end on /sys/class/pwm/pwmchip* (Documentation/driver-api/pwm.rst). In a sandbox the root server has exported
 * the granted outputs, so that they are there as `pwm<channel>`; where the driver may do it itself, it does.
 */
import { readdir } from "node:fs/promises";
import { BulkheadError } from "@bulkhead/protocol";
import { type Attributes, isForbidden, openAttributes } from "../sysfs/attributes.ts";
import type { Polarity, PwmDriver, Signal } from "./driver.ts";

type OnFault = (output: string, error: unknown) => void;

/** Controllers are the directories in `directory`, by the board's names. `onFault`: an output that could not be put off with the others. */
export function linuxPwm(directory: string, onFault: OnFault = () => {}): PwmDriver {
  const controller = (device: string) => openAttributes(`${directory}/${device}`, device);
  return {
    async take(device, channel, polarity) {
      const output = await exported(controller(device), device, channel);
      await output.write("enable", 0);
      await setPolarity(output, polarity);
      return {
        set: (signal) => setSignal(output, signal),
        off: () => output.write("enable", 0),
        async read() {
          const [periodNs, dutyNs, enable] = await Promise.all([
            output.readNumber("period"),
            output.readNumber("duty_cycle"),
            output.readNumber("enable"),
          ]);
          return { periodNs, dutyNs, isOn: enable === 1 };
        },
      };
    },
    async offAll() {
      for (const device of await readdir(directory).catch(() => [])) {
        const chip = controller(device);
        const outputs = (await chip.list().catch(() => [])).filter((name) => /^pwm\d+$/.test(name));
        for (const name of outputs) {
          // One that fails keeps neither the others on nor their clients waiting; who uses it is told by `take`.
          const tell = (error: unknown) => (isForbidden(error) ? undefined : onFault(`${device}/${name}`, error));
          await chip.in(name).write("enable", 0).catch(tell);
        }
      }
    },
  };
}

function unlessForbidden(error: unknown): void {
  if (!isForbidden(error)) throw error;
}

async function exported(chip: Attributes, device: string, channel: number): Promise<Attributes> {
  const name = `pwm${channel}`;
  if (!(await chip.list()).includes(name)) {
    const count = await chip.readNumber("npwm");
    if (channel >= count) throw new BulkheadError("DEVICE_ABSENT", `${device} has ${count} outputs, and no ${channel}`);
    await chip.write("export", channel).catch((cause: unknown) => {
      unlessForbidden(cause);
      // In a sandbox: the root server was to do it before, and its log says what the kernel answered.
      const why = "it could not be exported; perhaps another driver of the kernel has it";
      throw new BulkheadError("DEVICE_BUSY", `${device}/${channel}: ${why}`, { cause });
    });
  }
  return chip.in(name);
}

/** The kernel takes it of an output that is off alone, and some controllers of one with a period. */
async function setPolarity(output: Attributes, polarity: Polarity): Promise<void> {
  const now = await output.readIfThere("polarity");
  if (now === polarity) return;
  // Where it cannot be chosen there is no such attribute, and it is normal.
  if (now === undefined && polarity === "normal") return;
  if ((await output.readNumber("period")) === 0) await output.write("period", 1_000_000);
  await output.write("polarity", polarity);
}

/**
 * In an order in which the output is at no moment active for a larger part of a period than before or after, for that part is granted, and the
 * second step may fail. A period is never shorter than its active part then, which the kernel refuses.
 */
async function setSignal(output: Attributes, { periodNs, dutyNs }: Signal): Promise<void> {
  const steps: [string, number][] = [
    ["period", periodNs],
    ["duty_cycle", dutyNs],
  ];
  if (periodNs < (await output.readNumber("period"))) steps.reverse();
  for (const [attribute, value] of steps) await output.write(attribute, value);
  await output.write("enable", 1);
}
