/** The CAN driver on an emulated board with two controllers on one wire: the kernel's own driver of SJA1000 cards. */
import { describe } from "vitest";
import { virtCan } from "../../../hardware-in-loop/emulated/boards/virt-can.ts";
import { boardSpecs } from "../../../hardware-in-loop/emulated/specs.ts";
import { proveInGuest } from "../guest/verdicts.ts";

describe("[K11] can controllers of virt", () => {
  proveInGuest(virtCan, { "drivers/can/linux.board.ts": [] }, boardSpecs);
});
