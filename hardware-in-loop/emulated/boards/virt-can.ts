/** QEMU's own board with two CAN controllers, each on its own PCI card, on one wire. */
import { architectures } from "../architecture.ts";
import type { EmulatedBoard } from "./board.ts";
import { virt } from "./virt.ts";

const plain = virt(architectures.arm64);
const card = ["-device", "kvaser_pci,canbus=wire"];

export const virtCan: EmulatedBoard = {
  ...plain,
  name: "virt-can",
  devices: [...plain.devices, "-object", "can-bus,id=wire", ...card, ...card],
  modules: ["can-raw", "kvaser_pci"],
};
