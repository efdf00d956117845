/**
 * Takes the output 0 of `pwm-1` in the directory that is named and, where that can be had, uses it and the LED `led-status`.
 * Prints what came of it as JSON.
 */
import { linuxLeds } from "../../leds/linux.ts";
import { linuxPwm } from "../../pwm/linux.ts";

const directory = process.argv[2] ?? "";
const pwm = linuxPwm(directory);
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "done",
    (error: { code?: string }) => error.code ?? String(error),
  );

async function useBoth() {
  await pwm.offAll();
  const output = await pwm.take("pwm-1", 0, "normal");
  await output.set({ periodNs: 1_000_000, dutyNs: 250_000 });
  const signal = await output.read();
  const led = await linuxLeds(directory).take("led-status");
  await led.blink(50, 50);
  const { blinks } = await led.read();
  await led.set(100);
  const { percent } = await led.read();
  await led.restore();
  await output.off();
  return { uid: process.getuid?.(), signal, blinks, percent, others: await codeOf(pwm.take("pwm-2", 0, "normal")) };
}

const first = await codeOf(pwm.take("pwm-1", 0, "normal"));
process.stdout.write(JSON.stringify(first === "done" ? await useBoth() : { first }));
