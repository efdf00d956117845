/** The back-end on /sys/class/leds (Documentation/leds/leds-class.rst): brightness, and the kernel's timer for blinking. */
import { BulkheadError } from "@bulkhead/protocol";
import { type Attributes, openAttributes } from "../sysfs/attributes.ts";
import { type Blinker, createBlinker } from "./blinker.ts";
import type { Led, LedDriver } from "./driver.ts";

/** LEDs are the directories in `directory`, by the board's names. */
export function linuxLeds(directory: string): LedDriver {
  return {
    async take(device) {
      const led = openAttributes(`${directory}/${device}`, device);
      const before = { trigger: chosen(await led.read("trigger")), brightness: await led.readNumber("brightness") };
      const full = await led.readNumber("max_brightness");
      await led.write("trigger", "none");
      await led.write("brightness", 0);
      return openLed(led, full, before);
    },
  };
}

type Before = { readonly trigger: string; readonly brightness: number };

function openLed(led: Attributes, full: number, before: Before): Led {
  const blinker = createBlinker((isOn) => led.write("brightness", isOn ? full : 0));
  const still = async () => {
    await blinker.stop();
    await led.write("trigger", "none");
  };
  return {
    async set(percent) {
      await still();
      await led.write("brightness", percent === 0 ? 0 : Math.max(1, Math.round((percent * full) / 100)));
    },
    async blink(onMs, offMs) {
      await still();
      if (!(await blinkByTimer(led, onMs, offMs))) blinker.start(onMs, offMs);
    },
    async read() {
      const brightness = await blinker.between(() => led.readNumber("brightness"));
      return { percent: (brightness * 100) / full, blinks: await whoBlinks(led, blinker) };
    },
    async restore() {
      await still();
      await led.write("brightness", before.brightness);
      if (before.trigger !== "none") await led.write("trigger", before.trigger);
    },
  };
}

async function whoBlinks(led: Attributes, { isRunning }: Blinker): Promise<"no" | "kernel" | "driver"> {
  if (isRunning) return "driver";
  return chosen(await led.read("trigger")) === "timer" ? "kernel" : "no";
}

/**
 * False where the kernel has no such trigger, or does not let this process set its times: their attributes come with the
 * trigger, as root's.
 */
async function blinkByTimer(led: Attributes, onMs: number, offMs: number): Promise<boolean> {
  if (!(await led.read("trigger")).split(/\s+/).includes("timer")) return false;
  await led.write("trigger", "timer");
  try {
    await led.write("delay_on", onMs);
    await led.write("delay_off", offMs);
    return true;
  } catch (error) {
    await led.write("trigger", "none");
    if (error instanceof BulkheadError && error.code === "DEVICE_ABSENT") throw error;
    return false;
  }
}

/** Of `none [heartbeat] timer`: `heartbeat`. */
const chosen = (triggers: string): string => /\[([^\]]+)\]/.exec(triggers)?.[1] ?? "none";
