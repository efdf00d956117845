/** NXP's i.MX 8M Mini evaluation kit as QEMU 11 has it: Debian's kernel with the SoC's own drivers, and chips on its second header. */
import { architectures } from "../architecture.ts";
import type { Edit } from "../device-tree.ts";
import type { EmulatedBoard } from "./board.ts";

const peripherals = "/soc@0/bus@30800000";
const shared = `${peripherals}/spba-bus@30800000`;

/** QEMU has no SDMA: a driver that is told to use it waits for ever. */
const withoutDma = (node: string): Edit => ({ node, remove: ["dmas", "dma-names"] });
const switchedOn = (node: string): Edit => ({ node, set: { status: "okay" } });

const edits: readonly Edit[] = [
  ...[`${shared}/serial@30860000`, `${shared}/serial@30880000`].flatMap((node) => [switchedOn(node), withoutDma(node)]),
  switchedOn(`${peripherals}/serial@30a60000`),
  withoutDma(`${peripherals}/serial@30a60000`),
  switchedOn(`${shared}/spi@30830000`),
  withoutDma(`${shared}/spi@30830000`),
];

export const imx8mmEvk: EmulatedBoard = {
  name: "imx8mm-evk",
  architecture: architectures.arm64,
  suite: "sid",
  machine: ["-M", "imx8mm-evk"],
  devices: [
    ...["-device", "tmp105,id=thermometer,bus=i2c-bus.2,address=0x48"],
    ...["-device", "at24c-eeprom,id=eeprom,bus=i2c-bus.2,address=0x57,rom-size=256"],
    ...["-device", "ds1338,id=clock,bus=i2c-bus.2,address=0x68"],
    ...["-device", "dps310,id=barometer,bus=i2c-bus.2,address=0x76"],
    // Not at 0x20: there the kernel's own driver looks for the kit's expander.
    ...["-device", "pca9535,id=expander,bus=i2c-bus.2,address=0x21"],
  ],
  kernelArguments: ["console=ttymxc1", "nr_cpus=2"],
  deviceTree: { file: "freescale/imx8mm-evk.dtb", edits },
  modules: ["i2c-imx", "i2c-dev", "spi-imx", "leds-gpio", "pwm-imx27", "imx2_wdt", "rtc-snvs"],
  disks: { by: "card", bus: 2 },
  lines: {
    by: "uarts",
    uarts: [
      { end: "output", node: "/dev/ttymxc0" },
      { end: "console", node: "/dev/ttymxc1" },
      { end: "loop", node: "/dev/ttymxc2" },
      { end: "control", node: "/dev/ttymxc3" },
    ],
  },
  banks: ["30200000", "30210000", "30220000", "30230000", "30240000"].map((base, index) => ({
    at: `${base}.gpio`,
    path: `/machine/soc/gpio${index + 1}`,
    lines: 32,
  })),
};
