/** What can go wrong on an I2C bus, on the emulated i.MX 8M Mini evaluation kit with a second bus, made of two of its pins. */
import { describe } from "vitest";
import type { EmulatedBoard } from "../../../hardware-in-loop/emulated/boards/board.ts";
import { imx8mmEvk } from "../../../hardware-in-loop/emulated/boards/imx8mm-evk.ts";
import { boardSpecs } from "../../../hardware-in-loop/emulated/specs.ts";
import { proveInGuest } from "../guest/verdicts.ts";

const gpio5 = "/soc@0/bus@30000000/gpio@30240000";
/** GPIO_OPEN_DRAIN (include/dt-bindings/gpio/gpio.h). */
const openDrain = 6;
const { deviceTree } = imx8mmEvk;

const withBusOfPins: EmulatedBoard = {
  ...imx8mmEvk,
  deviceTree: deviceTree && {
    ...deviceTree,
    edits: [
      ...deviceTree.edits,
      {
        node: "/i2c-of-pins",
        set: {
          compatible: "i2c-gpio",
          "sda-gpios": [gpio5, 8, openDrain],
          "scl-gpios": [gpio5, 9, openDrain],
          // So slow that what the world does in the midst of a transfer comes in its midst.
          "i2c-gpio,delay-us": [200],
        },
      },
    ],
  },
};

describe("[K11] faults of a bus of imx8mm-evk", () => {
  proveInGuest(withBusOfPins, { "drivers/i2c/faults.board.ts": [] }, boardSpecs);
});
