/** Round trips of I2C and serial on the emulated i.MX 8M Mini: the kernel's own drivers of the SoC, a TMP105, a port whose wires are joined. */
import { z } from "zod";
import { makeAddOns } from "../../../hardware-in-loop/emulated/add-ons.ts";
import { imx8mmEvk } from "../../../hardware-in-loop/emulated/boards/imx8mm-evk.ts";
import { figure } from "../figures.ts";
import { type Measured, measureInside } from "./inside.ts";

const nanoseconds = z.record(z.string(), z.number());
const reportSchema = z.object({ i2c: nanoseconds, serial: nanoseconds });

export async function measureBuses(): Promise<Measured> {
  const moreFolders = [await makeAddOns(imx8mmEvk.architecture)];
  const { report, kernel } = await measureInside(imx8mmEvk, "buses", reportSchema, { processors: 2, moreFolders });
  const { i2c, serial } = report;
  const shares = (title: string, all: Readonly<Record<string, number>>) => {
    const [floor = Number.NaN] = Object.values(all);
    return [[title, "of C's time"], ...Object.entries(all).map(([name, ns]) => [name, figure(ns / floor, 2)])];
  };
  return {
    title: `Round trips on imx8mm-evk, Linux ${kernel}, QEMU`,
    tables: [shares("I2C, two bytes of a register", i2c), shares("serial, 16 bytes there and back", serial)],
    figures: { kernel, i2c, serial },
  };
}
