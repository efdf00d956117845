/** NXP's i.MX 8M Mini evaluation kit as QEMU 11 has it: Debian's kernel with the SoC's own drivers, and chips on its buses. */
import { architectures } from "../architecture.ts";
import type { EmulatedBoard } from "./board.ts";
import { banks, devices, edits, kernelArguments, lines, modules } from "./imx8m.ts";

export const imx8mmEvk: EmulatedBoard = {
  name: "imx8mm-evk",
  architecture: architectures.arm64,
  suite: "sid",
  machine: ["-M", "imx8mm-evk"],
  // Not at 0x20: there the kernel's own driver looks for the kit's expander.
  devices: [...devices, "-device", "pca9535,id=expander,bus=i2c-bus.2,address=0x21"],
  kernelArguments,
  deviceTree: { file: "freescale/imx8mm-evk.dtb", edits },
  modules,
  disks: { by: "card", slot: 2 },
  lines,
  banks,
};
