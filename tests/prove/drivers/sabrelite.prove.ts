/**
 * Drivers and stimuli on the emulated SABRE Lite: the SoC's own kernel drivers, chips on its I2C bus, a flash memory on its SPI, a UART. 32-bit Arm
 * with Debian's Node 20, for which the drivers' native code is compiled apart.
 */
import { describe } from "vitest";
import { sabrelite } from "../../../hardware-in-loop/emulated/boards/sabrelite.ts";
import { boardSpecs } from "../../../hardware-in-loop/emulated/specs.ts";
import { proveInGuest } from "../guest/verdicts.ts";

// The emulator takes all that a UART says at once.
const noHold = "[K11] serial on imx-uart takes no more than the line does, and goes on when it does again";

describe("[K11] devices of sabrelite", () => {
  proveInGuest(
    sabrelite,
    {
      "hardware-in-loop/emulated/stimulus/stimulus.board.ts": [],
      "hardware-in-loop/emulated/gpio.board.ts": [],
      "drivers/i2c/linux.board.ts": [],
      "drivers/chips/chips.board.ts": ["[K11] a PCA9535 shows on its pins what is written to it"],
      "drivers/spi/linux.board.ts": [],
      "drivers/serial/linux.board.ts": [noHold],
    },
    boardSpecs,
  );
});
