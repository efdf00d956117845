/** NXP's i.MX 8M Plus evaluation kit as trixie's QEMU has it: the same kernel and drivers on another SoC, and another emulator. */
import { architectures } from "../architecture.ts";
import { suite } from "../debian.ts";
import type { EmulatedBoard } from "./board.ts";
import { banks, devices, edits, kernelArguments, lines, modules } from "./imx8m.ts";

const i2c2 = "/soc@0/bus@30800000/i2c@30a40000";

export const imx8mpEvk: EmulatedBoard = {
  name: "imx8mp-evk",
  architecture: architectures.arm64,
  suite,
  machine: ["-M", "imx8mp-evk"],
  devices,
  kernelArguments,
  deviceTree: {
    file: "freescale/imx8mp-evk.dtb",
    edits: [
      ...edits,
      // Chips that are not emulated: the kernel's first try at the expander leaves the bus hanging (-110).
      { node: `${i2c2}/gpio@20`, set: { status: "disabled" } },
      { node: `${i2c2}/codec@1a`, set: { status: "disabled" } },
      // The kernel would keep the UART for the kit's radio.
      { node: "/soc@0/bus@30800000/spba-bus@30800000/serial@30860000/bluetooth", set: { status: "disabled" } },
    ],
  },
  modules,
  disks: { by: "card", slot: 2 },
  lines,
  banks,
};
