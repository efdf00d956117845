/** Drivers and stimuli on the emulated SABRE Lite (32-bit Arm, Node 20): the SoC's own kernel drivers, and chips on its I2C bus. */
import { describe } from "vitest";
import { sabrelite } from "../../../hardware-in-loop/emulated/boards/sabrelite.ts";
import { boardSpecs } from "../../../hardware-in-loop/emulated/specs.ts";
import { proveInGuest } from "../guest/verdicts.ts";

describe("[K11] devices of sabrelite", () => {
  proveInGuest(sabrelite, { "hardware-in-loop/emulated/stimulus/stimulus.board.ts": [] }, boardSpecs);
});
