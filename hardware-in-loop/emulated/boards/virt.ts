/** QEMU's own board, with everything on PCI: for what needs a processor and a kernel, and no particular devices. */
import type { Architecture } from "../architecture.ts";
import { suite } from "../debian.ts";
import type { EmulatedBoard } from "./board.ts";

export function virt(architecture: Architecture): EmulatedBoard {
  return {
    name: `virt-${architecture.name}`,
    architecture,
    suite,
    machine: architecture.machine,
    devices: ["-device", "virtio-rng-pci", "-device", "virtio-serial-pci"],
    kernelArguments: [`console=${architecture.console}`],
    deviceTree: null,
    modules: [],
    disks: { by: "pci" },
    lines: { by: "virtio" },
    banks: [],
  };
}
