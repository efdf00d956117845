/** The chip drivers on chips that QEMU has, behind the kernel's own adapter. */
import { expect, test } from "vitest";
import { askHost } from "../../hardware-in-loop/emulated/stimulus/ask.ts";
import { busOnBoard } from "../i2c/testing/bus-on-board.ts";
import { at24c02, createAt24 } from "./at24.ts";
import { createDs1307 } from "./ds1307.ts";
import { openPca9535 } from "./pca9535.ts";
import { clientOn } from "./testing/client.ts";
import { createTmp105 } from "./tmp105.ts";

const stimulus = askHost();
const deviceAt = (address: number) => clientOn(busOnBoard(2), { bus: 2, address, access: "read-write" });

test("[K11] a TMP105 has the temperature that the world has, in steps of its resolution", async () => {
  const thermometer = createTmp105(await deviceAt(0x48));
  await thermometer.setResolution(12);
  for (const milliC of [23_500, 23_562.5, -10_125]) {
    await stimulus.temperature("thermometer", Math.round(milliC));
    expect(Math.abs((await thermometer.readMilliC()) - milliC)).toBeLessThanOrEqual(62.5);
  }
  await thermometer.setResolution(9);
  await stimulus.temperature("thermometer", 23_900);
  expect(await thermometer.readMilliC()).toBe(23_500);
});

test("[K11] an AT24C02 keeps bytes over the ends of its pages", async () => {
  const memory = createAt24(await deviceAt(0x57), at24c02);
  const data = Uint8Array.from({ length: 100 }, (_, index) => (index * 37) & 0xff);
  await memory.write(3, data);
  expect(await memory.read(3, 100)).toEqual(data);
  expect((await memory.read(0, 256)).subarray(3, 103)).toEqual(data);
});

test("[K11] a DS1338 has the time that it is set to, and goes on", async () => {
  const clock = createDs1307(await deviceAt(0x68), "ds1338");
  // QEMU's chip takes the registers one by one over the date that it has, so the day must be one of every month.
  const time = new Date("2027-02-28T23:59:58Z");
  await clock.set(time);
  expect((await clock.read()).getTime()).toBeGreaterThanOrEqual(time.getTime());
  // Over the end of the month, by itself.
  await expect.poll(async () => (await clock.read()).getUTCMonth()).toBe(2);
});

// QEMU has the chip from version 11 on.
test.skipIf(process.env["BULKHEAD_BOARD"] !== "imx8mm-evk")(
  "[K11] a PCA9535 shows on its pins what is written to it",
  async () => {
    const expander = await openPca9535(await deviceAt(0x21), 0xff00, 0x5500);
    expect((await expander.read()) & 0xff00).toBe(0x5500);
    await expander.write(0x0100, 0);
    expect((await expander.read()) & 0xff00).toBe(0x5400);
  },
);
