/** What the boards with an i.MX 8M have in common as QEMU emulates them: where things are, and what their device trees must not promise. */
import type { Edit } from "../device-tree.ts";
import type { Bank, EmulatedBoard } from "./board.ts";

const peripherals = "/soc@0/bus@30800000";
const shared = `${peripherals}/spba-bus@30800000`;
const uarts = [`${shared}/serial@30860000`, `${shared}/serial@30880000`, `${peripherals}/serial@30a60000`];
const spi = `${shared}/spi@30840000`;

/** QEMU has no SDMA: a driver that is told to use it waits for ever. */
const switchedOn = (node: string): Edit => ({ node, set: { status: "okay" }, remove: ["dmas", "dma-names"] });

/** All UARTs, and the third SPI with a chip on it that any program may speak to. */
export const edits: readonly Edit[] = [
  ...uarts.map(switchedOn),
  switchedOn(spi),
  { node: `${spi}/chip@0`, set: { compatible: "rohm,dh2228fv", reg: [0], "spi-max-frequency": [1_000_000] } },
];

/** By the kernel's names of them, and QEMU's. */
export const banks: readonly Bank[] = ["30200000", "30210000", "30220000", "30230000", "30240000"].map(
  (base, index) => ({ at: `${base}.gpio`, path: `/machine/soc/gpio${index + 1}`, lines: 32 }),
);

export const lines: EmulatedBoard["lines"] = {
  by: "uarts",
  uarts: [
    { end: "output", node: "/dev/ttymxc0" },
    { end: "console", node: "/dev/ttymxc1" },
    { end: "loop", node: "/dev/ttymxc2" },
    { end: "control", node: "/dev/ttymxc3" },
  ],
};

export const kernelArguments: readonly string[] = ["console=ttymxc1", "nr_cpus=2"];
export const modules: readonly string[] = [
  ...["i2c-imx", "i2c-dev", "spi-imx", "spidev", "leds-gpio", "pwm-imx27", "imx2_wdt", "rtc-snvs"],
];

/** Chips on `i2c-2`, and a flash memory of 16 MiB on the third SPI, which is the first bus of that name to QEMU. */
export const devices: readonly string[] = [
  ...["-device", "tmp105,id=thermometer,bus=i2c-bus.2,address=0x48"],
  ...["-device", "at24c-eeprom,id=eeprom,bus=i2c-bus.2,address=0x57,rom-size=256"],
  ...["-device", "ds1338,id=clock,bus=i2c-bus.2,address=0x68"],
  ...["-device", "dps310,id=barometer,bus=i2c-bus.2,address=0x76"],
  ...["-device", "n25q128a13,id=flash,bus=spi"],
];
