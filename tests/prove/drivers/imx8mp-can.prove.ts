/** Buses of the emulated i.MX 8M Plus evaluation kit as QEMU 11 has it: two CAN controllers on one wire, a memory on SPI, a UART; the SoC's own kernel drivers. */
import { describe } from "vitest";
import { imx8mpCan } from "../../../hardware-in-loop/emulated/boards/imx8mp-can.ts";
import { boardSpecs } from "../../../hardware-in-loop/emulated/specs.ts";
import { proveInGuest } from "../guest/verdicts.ts";

// QEMU wires no chip select of an i.MX 8M: nothing there shows whether the chip was let go.
const noSelect = "[K11] spi on spi-imx the chip is selected for each transfer, and let go after it";
// The emulator takes all that a UART says at once.
const noHold = "[K11] serial on imx-uart takes no more than the line does, and goes on when it does again";

describe("[K11] buses of imx8mp-evk", () => {
  proveInGuest(
    imx8mpCan,
    {
      "drivers/can/linux.board.ts": [],
      "drivers/spi/linux.board.ts": [noSelect],
      "drivers/serial/linux.board.ts": [noHold],
    },
    boardSpecs,
  );
});
