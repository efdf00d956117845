/** Boundary's SABRE Lite (i.MX 6Quad) as trixie's QEMU has it: 32-bit Arm, Debian's Node 20, and a flash memory whose chip select is wired. */
import { armhfWithoutLpae } from "../architecture.ts";
import { suite } from "../debian.ts";
import type { Edit } from "../device-tree.ts";
import type { EmulatedBoard } from "./board.ts";

const first = "/soc/bus@2000000";
const second = "/soc/bus@2100000";
const spi = `${first}/spba-bus@2000000/spi@2008000`;
const uarts = [
  `${first}/spba-bus@2000000/serial@2020000`,
  ...["21e8000", "21ec000", "21f0000", "21f4000"].map((base) => `${second}/serial@${base}`),
];

/** QEMU has no SDMA: a driver that is told to use it waits for ever. */
const switchedOn = (node: string): Edit => ({ node, set: { status: "okay" }, remove: ["dmas", "dma-names"] });

export const sabrelite: EmulatedBoard = {
  name: "sabrelite",
  architecture: armhfWithoutLpae,
  suite,
  machine: ["-M", "sabrelite"],
  devices: [
    ...["-device", "tmp105,id=thermometer,bus=i2c-bus.2,address=0x48"],
    ...["-device", "at24c-eeprom,id=eeprom,bus=i2c-bus.2,address=0x57,rom-size=256"],
    ...["-device", "ds1338,id=clock,bus=i2c-bus.2,address=0x68"],
    ...["-device", "dps310,id=barometer,bus=i2c-bus.2,address=0x76"],
  ],
  kernelArguments: ["console=ttymxc1", "nr_cpus=2"],
  deviceTree: {
    file: "imx6q-sabrelite.dtb",
    // The flash memory of the board is for any program, and not the kernel's.
    edits: [
      ...uarts.map(switchedOn),
      switchedOn(spi),
      { node: `${spi}/flash@0`, set: { compatible: "rohm,dh2228fv" } },
    ],
  },
  modules: ["i2c-imx", "i2c-dev", "spi-imx", "spidev", "pwm-imx27", "imx2_wdt", "rtc-snvs"],
  disks: { by: "card", slot: "first" },
  lines: {
    by: "uarts",
    uarts: [
      { end: "output", node: "/dev/ttymxc0" },
      { end: "console", node: "/dev/ttymxc1" },
      { end: "loop", node: "/dev/ttymxc2" },
      { end: "control", node: "/dev/ttymxc3" },
      { end: "none", node: "/dev/ttymxc4" },
    ],
  },
  banks: ["209c000", "20a0000", "20a4000", "20a8000", "20ac000", "20b0000", "20b4000"].map((base, index) => ({
    at: `${base}.gpio`,
    path: `/machine/soc/gpio${index + 1}`,
    lines: 32,
  })),
};
