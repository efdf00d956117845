/**
 * QEMU's own board with a kernel that has the GPIO simulation. One processor: a simulated interrupt that comes again before its thread has run
 * is one with the last, so with another processor to run it on edges are lost that were never quick.
 */
import { withGpioSim } from "../architecture.ts";
import type { EmulatedBoard } from "./board.ts";
import { virt } from "./virt.ts";

const base = virt(withGpioSim);

export const virtGpioSim: EmulatedBoard = {
  ...base,
  name: "virt-gpio-sim",
  kernelArguments: [...base.kernelArguments, "nr_cpus=1"],
  modules: ["gpio-sim"],
};
