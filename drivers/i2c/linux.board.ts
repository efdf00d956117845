/** The I2C driver on the kernel's own adapter, with a memory chip behind it, by both of its interfaces. */
import { conformance } from "./conformance.ts";
import { busOnBoard } from "./testing/bus-on-board.ts";

const board = {
  bus: 2,
  memory: 0x57,
  empty: 0x50,
  absentBus: 9,
  // QEMU's adapter (hw/i2c/imx_i2c.c) raises no interrupt where nobody acknowledges, so the kernel's driver waits until its time is out.
  unanswered: "I2C_BUS_HUNG",
} as const;

conformance("the adapter of an i.MX, by I2C_RDWR", () => ({ ...board, driver: busOnBoard(2) }));
conformance("the adapter of an i.MX, by i2c-bus", () => ({ ...board, driver: busOnBoard(2, "i2c-bus") }), "smbus");
