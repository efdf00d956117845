/** Drivers and stimuli on the emulated i.MX 8M Plus evaluation kit: the SoC's own kernel drivers, and chips on its I2C bus. */
import { describe } from "vitest";
import { imx8mpEvk } from "../../../hardware-in-loop/emulated/boards/imx8mp-evk.ts";
import { boardSpecs } from "../../../hardware-in-loop/emulated/specs.ts";
import { proveInGuest } from "../guest/verdicts.ts";

// The kernel lets nobody take the driver of an i.MX's watchdog away.
const noUnbind =
  "[K11] the watchdog driver on imx2_wdt says so while the watchdog is away, and goes on when it is back";

describe("[K11] devices of imx8mp-evk", () => {
  proveInGuest(
    imx8mpEvk,
    {
      "hardware-in-loop/emulated/stimulus/stimulus.board.ts": [],
      "hardware-in-loop/emulated/gpio.board.ts": [],
      "runtime/src/compartment/devices/devices.board.ts": [],
      "drivers/pwm/linux.board.ts": [],
      "drivers/adc/linux.board.ts": [],
      "drivers/leds/linux.board.ts": [],
      "drivers/rtc/linux.board.ts": [],
      "drivers/sysfs/unprivileged.board.ts": [],
      "drivers/watchdog/linux.board.ts": [noUnbind],
      "drivers/i2c/linux.board.ts": [],
      "drivers/chips/chips.board.ts": ["[K11] a PCA9535 shows on its pins what is written to it"],
    },
    boardSpecs,
  );
});
