/** What the device trees of boards with an i.MX 8M must not promise where QEMU makes the board of them. */
import type { Edit } from "../../emulated/device-tree.ts";

const peripherals = "/soc@0/bus@30800000";
const shared = `${peripherals}/spba-bus@30800000`;
const audio = "/soc@0/bus@30c00000";

/** QEMU has no SDMA: who is told to use it waits for ever. */
const withoutDma = (node: string): Edit => ({ node, remove: ["dmas", "dma-names"] });
const without = (node: string): Edit => ({ node, set: { status: "disabled" } });

const ofBoth: readonly Edit[] = [
  withoutDma(`${shared}/serial@30860000`),
  withoutDma(`${shared}/serial@30880000`),
  withoutDma(`${peripherals}/serial@30a60000`),
  without(`${peripherals}/dma-controller@30bd0000`),
];

export const imx8mmEdits: readonly Edit[] = [
  ...ofBoth,
  // QEMU's board has it at 1, the kit at 0.
  { node: `${peripherals}/ethernet@30be0000/mdio/ethernet-phy@0`, set: { reg: [1] } },
  withoutDma(`${shared}/spi@30830000`),
  // QEMU 11 takes the enable bit away when a running watchdog is given another time: it has the station's from the start.
  { node: "/soc@0/bus@30000000/watchdog@30290000", set: { "timeout-sec": [80] } },
  without("/soc@0/bus@30000000/dma-controller@302b0000"),
  without("/soc@0/bus@30000000/dma-controller@302c0000"),
];

const i2c2 = `${peripherals}/i2c@30a40000`;

export const imx8mpEdits: readonly Edit[] = [
  ...ofBoth,
  without(`${audio}/dma-controller@30e00000`),
  without(`${audio}/dma-controller@30e10000`),
  // QEMU has one network, the first; the kernel would try the other's PHY for ever.
  without(`${peripherals}/ethernet@30bf0000`),
  // Chips that are not emulated: the kernel's first try at the expander leaves the bus hanging (-110).
  without(`${i2c2}/gpio@20`),
  without(`${i2c2}/codec@1a`),
];
