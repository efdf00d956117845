/** Drivers and stimuli on the emulated i.MX 8M Mini evaluation kit: the SoC's own kernel drivers, and chips on its I2C bus, a memory on SPI, a UART. */
import { describe } from "vitest";
import type { EmulatedBoard } from "../../../hardware-in-loop/emulated/boards/board.ts";
import { imx8mmEvk } from "../../../hardware-in-loop/emulated/boards/imx8mm-evk.ts";
import type { Edit } from "../../../hardware-in-loop/emulated/device-tree.ts";
import { boardSpecs } from "../../../hardware-in-loop/emulated/specs.ts";
import { proveInGuest } from "../guest/verdicts.ts";

// The kernel lets nobody take the driver of an i.MX's watchdog away.
const noUnbind =
  "[K11] the watchdog driver on imx2_wdt says so while the watchdog is away, and goes on when it is back";
// QEMU wires no chip select of an i.MX 8M: nothing there shows whether the chip was let go.
const noSelect = "[K11] spi on spi-imx the chip is selected for each transfer, and let go after it";
// The emulator takes all that a UART says at once.
const noHold = "[K11] serial on imx-uart takes no more than the line does, and goes on when it does again";

const gpio5 = "/soc@0/bus@30000000/gpio@30240000";
/** GPIO_OPEN_DRAIN (include/dt-bindings/gpio/gpio.h). */
const openDrain = 6;
const { deviceTree } = imx8mmEvk;

/** A bus of two pins that hang on nothing, which the world can hold. */
const busOfPins = (name: string, line: number, more: Edit["set"]): Edit => ({
  node: `/${name}`,
  set: {
    compatible: "i2c-gpio",
    "sda-gpios": [gpio5, line, openDrain],
    "scl-gpios": [gpio5, line + 1, openDrain],
    ...more,
  },
});

const withBusOfPins: EmulatedBoard = {
  ...imx8mmEvk,
  deviceTree: deviceTree && {
    ...deviceTree,
    edits: [
      ...deviceTree.edits,
      // The pads' own driver says that it makes a line an open drain, and makes none: without it the kernel does it by the line's direction.
      { node: gpio5, remove: ["gpio-ranges"] },
      // So slow that what the world does in the midst of a transfer comes in its midst.
      busOfPins("i2c-of-pins", 24, { "i2c-gpio,delay-us": [200] }),
      busOfPins("i2c-of-patient-pins", 26, { "i2c-gpio,timeout-ms": [600_000] }),
    ],
  },
};

describe("[K11] devices of imx8mm-evk", () => {
  proveInGuest(
    withBusOfPins,
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
      "drivers/i2c/faults.board.ts": [],
      "drivers/chips/chips.board.ts": [],
      "drivers/spi/linux.board.ts": [noSelect],
      "drivers/serial/linux.board.ts": [noHold],
    },
    boardSpecs,
  );
});
