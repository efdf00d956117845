/** The chip drivers on models of the chips, through the I2C driver server. */
import { setTimeout as wait } from "node:timers/promises";
import { BulkheadError, type I2cDeviceGrant } from "@bulkhead/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { eeprom, type Model, modelBus, registers } from "../i2c/testing/models.ts";
import { at24c02, at24c256, createAt24 } from "./at24.ts";
import { createDs1307 } from "./ds1307.ts";
import { openPca9535 } from "./pca9535.ts";
import { clientOn } from "./testing/client.ts";
import { createTmp105 } from "./tmp105.ts";

const address = 0x48;
async function chip(model: Model, more: Partial<I2cDeviceGrant> = {}) {
  const bus = modelBus({ [address]: model });
  const device = await clientOn(bus, { bus: 2, address, access: "read-write", ...more });
  return { device, transfers: bus.transfers };
}

/** Registers of two bytes each. */
function words(values: Record<number, number>): Model {
  let [register, at] = [0, 0];
  return {
    isListening: () => true,
    write([first = 0, ...bytes]) {
      [register, at] = [first, 0];
      for (const [index, byte] of bytes.entries()) {
        const old = values[register] ?? 0;
        values[register] = index === 0 ? (byte << 8) | (old & 0xff) : (old & 0xff00) | byte;
      }
    },
    read: () => (at++ % 2 === 0 ? (values[register] ?? 0) >> 8 : (values[register] ?? 0) & 0xff),
    stop() {},
  };
}

describe("[K11] a thermometer TMP105", () => {
  // TMP102 data sheet, "12-Bit Temperature Data Format".
  test.each([
    [0x7ff0, 127_937.5],
    [0x6400, 100_000],
    [0x1900, 25_000],
    [0x0040, 250],
    [0x0000, 0],
    [0xffc0, -250],
    [0xe700, -25_000],
    [0xc900, -55_000],
  ])("says of the register's %i what the data sheet says", async (value, milliC) => {
    const { device } = await chip(words({ 0: value }), { access: "read" });
    expect(await createTmp105(device).readMilliC()).toBe(milliC);
  });

  test("gets its limits in the same form, and only such as it can have", async () => {
    const values: Record<number, number> = {};
    const { device } = await chip(words(values));
    const thermometer = createTmp105(device);
    await thermometer.setLimits({ lowMilliC: -25_000, highMilliC: 75_000 });
    expect(values).toEqual({ 2: 0xe700, 3: 0x4b00 });
    await expect(thermometer.setLimits({ lowMilliC: 1, highMilliC: 128_000 })).rejects.toThrow(RangeError);
    await expect(thermometer.setLimits({ lowMilliC: 5, highMilliC: 5 })).rejects.toThrow(RangeError);
  });

  test("changes of its configuration the resolution alone", async () => {
    const values: Record<number, number> = { 1: 0x8300 };
    const { device } = await chip(words(values));
    await createTmp105(device).setResolution(12);
    expect(values[1]).toBe(0xe300);
  });

  test("[K9] is read by who may only read, and not set", async () => {
    const { device } = await chip(words({ 0: 0x1900 }), { access: "read" });
    const refused = createTmp105(device).setResolution(9);
    await expect(refused).rejects.toMatchObject({ code: "IPC_NOT_GRANTED" });
  });
});

describe("[K11] an EEPROM AT24", () => {
  test("keeps whatever is written wherever, over the ends of pages, and nothing beside it", async () => {
    const pieces = fc.tuple(fc.nat(255), fc.uint8Array({ minLength: 1, maxLength: 40 }));
    await fc.assert(
      fc.asyncProperty(pieces, async ([offset, bytes]) => {
        const data = bytes.slice(0, 256 - offset);
        const memory = new Uint8Array(256).fill(0xff);
        const { device } = await chip(eeprom(memory, 8, 1));
        const at24 = createAt24(device, at24c02);
        await at24.write(offset, data);
        const expected = new Uint8Array(256).fill(0xff);
        expected.set(data, offset);
        expect(memory).toEqual(expected);
        expect(await at24.read(offset, data.length)).toEqual(data);
      }),
      { numRuns: 30 },
    );
  });

  test("has two bytes of address where the grant says so", async () => {
    const memory = new Uint8Array(32_768);
    const { device, transfers } = await chip(eeprom(memory, 64, 2, 0), { registerBytes: 2 });
    const at24 = createAt24(device, at24c256);
    await at24.write(0x1234, Uint8Array.of(5));
    expect([memory[0x1234], transfers[0]]).toEqual([5, "0x48 w18,52,5 r0"]);
    expect(await at24.read(0, 3000)).toHaveLength(3000);
  });

  test("that does not come back from writing is told as one that does not answer", async () => {
    const { device } = await chip(eeprom(new Uint8Array(256), 8, 1, 1_000_000));
    const written = createAt24(device, at24c02).write(0, Uint8Array.of(1));
    await expect(written).rejects.toMatchObject({ code: "I2C_NO_ACKNOWLEDGE" });
  });

  test("is asked again by a driver whose question came back late: the chip may be ready since", async () => {
    let questions = 0;
    const { device } = await chip(eeprom(new Uint8Array(256), 8, 1, 0));
    const late = {
      ...device,
      async writeRegister(written: Parameters<typeof device.writeRegister>[0]) {
        if (written.data.length === 0 && questions++ === 0) {
          await wait(50);
          throw new BulkheadError("I2C_NO_ACKNOWLEDGE", "i2c-2: nobody at 0x48");
        }
        return device.writeRegister(written);
      },
    };
    await createAt24(late, at24c02).write(0, Uint8Array.of(1));
    expect(questions).toBe(2);
  });

  test("is not asked for bytes that it has not", async () => {
    const { device, transfers } = await chip(eeprom(new Uint8Array(256), 8, 1));
    await expect(createAt24(device, at24c02).read(250, 7)).rejects.toThrow(RangeError);
    await expect(createAt24(device, at24c02).write(-1, Uint8Array.of(1))).rejects.toThrow(RangeError);
    expect(transfers).toEqual([]);
  });
});

describe("[K11] an expander PCA9535", () => {
  test("gets its levels before its directions, so that no output shows another one between", async () => {
    const memory = Uint8Array.of(0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff);
    const { device, transfers } = await chip(registers(memory));
    const expander = await openPca9535(device, 0x00ff, 0x0005);
    expect(transfers.map((line) => line.split(" ")[1])).toEqual(["w2,5,0", "w4,0,0", "w6,0,255"]);
    memory.set([0x05, 0x80]);
    expect(await expander.read()).toBe(0x8005);
  });

  test("keeps the other outputs when some are set, also by two at once", async () => {
    const memory = new Uint8Array(8);
    const { device } = await chip(registers(memory));
    const expander = await openPca9535(device, 0xffff, 0x00f0);
    await Promise.all([expander.write(0x0001, 0xffff), expander.write(0x8000, 0xffff), expander.write(0x0010, 0)]);
    expect([memory[2], memory[3]]).toEqual([0xe1, 0x80]);
  });
});

describe("[K11] a clock DS1307", () => {
  const time = new Date("2026-11-22T23:59:58Z");

  test("has the time that it was set to, in the digits of the data sheet, and runs", async () => {
    const memory = new Uint8Array(64).fill(0xff);
    const { device } = await chip(registers(memory));
    const clock = createDs1307(device);
    await expect(clock.read()).rejects.toMatchObject({ code: "RTC_UNSET" });
    await clock.set(time);
    // A Sunday.
    expect([...memory.subarray(0, 7)]).toEqual([0x58, 0x59, 0x23, 0x01, 0x22, 0x11, 0x26]);
    expect(await clock.read()).toEqual(time);
  });

  test("is read in one transfer, for its time goes on between two", async () => {
    const { device, transfers } = await chip(registers(Uint8Array.of(0, 0, 0, 1, 1, 1, 0, 0)));
    await createDs1307(device).read();
    expect(transfers).toEqual(["0x48 w0 r7"]);
  });

  test.each([
    [0x52, 0],
    [0x72, 12],
    [0x61, 13],
    [0x41, 1],
  ])("understands the 12 hours of somebody else: %i is %i", async (register, hour) => {
    const { device } = await chip(registers(Uint8Array.of(0, 0, register, 1, 1, 1, 0x26, 0)));
    expect((await createDs1307(device).read()).getUTCHours()).toBe(hour);
  });

  test("that stood still has no time, and a DS1338 says so in another place until it is set", async () => {
    const halted = await chip(registers(Uint8Array.of(0x80, 0, 0, 1, 1, 1, 0x26, 0)));
    await expect(createDs1307(halted.device).read()).rejects.toMatchObject({ code: "RTC_UNSET" });
    const memory = Uint8Array.of(0, 0, 0, 1, 1, 1, 0x26, 0xb3);
    const { device } = await chip(registers(memory));
    const clock = createDs1307(device, "ds1338");
    await expect(clock.read()).rejects.toMatchObject({ code: "RTC_UNSET" });
    await clock.set(time);
    expect(memory[7]).toBe(0x93);
    expect(await clock.read()).toEqual(time);
  });

  test("that holds the 31st of February was never set; a year that it has not is refused", async () => {
    const { device } = await chip(registers(Uint8Array.of(0, 0, 0, 1, 0x31, 0x02, 0x26, 0)));
    await expect(createDs1307(device).read()).rejects.toMatchObject({ code: "RTC_UNSET" });
    await expect(createDs1307(device).set(new Date("2100-01-01T00:00:00Z"))).rejects.toThrow(RangeError);
  });
});
