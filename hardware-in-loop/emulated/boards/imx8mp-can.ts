/** The same evaluation kit as QEMU 11 has it: with the two CAN controllers of its SoC, here on one wire. */
import type { EmulatedBoard } from "./board.ts";
import { imx8mpEvk } from "./imx8mp-evk.ts";

const { deviceTree } = imx8mpEvk;

export const imx8mpCan: EmulatedBoard = {
  ...imx8mpEvk,
  name: "imx8mp-can",
  suite: "sid",
  machine: ["-M", "imx8mp-evk,canbus0=wire,canbus1=wire"],
  devices: [...imx8mpEvk.devices, "-object", "can-bus,id=wire"],
  deviceTree: deviceTree && {
    ...deviceTree,
    edits: [
      ...deviceTree.edits,
      // Of the kit's two one is off, for its pads have another use.
      { node: "/soc@0/bus@30800000/spba-bus@30800000/can@308d0000", set: { status: "okay" } },
    ],
  },
  modules: [...imx8mpEvk.modules, "can-raw", "flexcan"],
};
