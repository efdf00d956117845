import { gpioLineInterface } from "@bulkhead/drivers/gpio/interface";
import { i2cDeviceInterface } from "@bulkhead/drivers/i2c/interface";
import { watchdogInterface } from "@bulkhead/drivers/watchdog/interface";
import { fakeClient, startComponent } from "@bulkhead/sdk/testing";
import { expect, onTestFinished, test } from "vitest";
import { component as gpioLoop } from "./gpio-loop/main.ts";
import { temperatureOf, component as thermometer } from "./thermometer/main.ts";
import { countAlike } from "./uart-loop/main.ts";
import { component as feeder } from "./watchdog-feeder/main.ts";

const eventually = <T>(probe: () => T | Promise<T>) => expect.poll(probe, { timeout: 20_000 });

test("[K19] the thermometer of a bench says a temperature once, and the next when it is another", async () => {
  const world = { data: Uint8Array.of(0x17, 0x80) };
  const chip = fakeClient(
    i2cDeviceInterface,
    { readRegister: () => ({ data: world.data }), writeRegister: () => null, transfer: () => ({ read: world.data }) },
    { grant: { bus: 2, address: 0x48, access: "read" } },
  );
  const bench = await startComponent(thermometer, { uses: { chip: chip.client }, config: { periodMs: 10 } });
  onTestFinished(() => bench.stop());
  await eventually(() => bench.lines).toEqual(["info 23.5 °C"]);
  world.data = Uint8Array.of(0xe7, 0x00);
  await eventually(() => bench.lines).toEqual(["info 23.5 °C", "info -25.0 °C"]);
  expect(temperatureOf(Uint8Array.of(0x7f, 0xf0))).toBe(127.9375);
});

test("[K19] the pins of a bench count the edges that came back, and those that did not", async () => {
  const world = { lost: 0 };
  const to = fakeClient(
    gpioLineInterface,
    { read: () => ({ level: 0 }), watch: () => ({ stamped: "driver" }), write: () => null },
    { grant: { pin: "P9_12", direction: "in" } },
  );
  let sequence = 0;
  const from = fakeClient(
    gpioLineInterface,
    {
      read: () => ({ level: 0 }),
      watch: () => ({ stamped: "driver" }),
      write({ level }) {
        if (world.lost > 0) world.lost--;
        else to.notify("edge", { level, timeUs: 0, sequence: sequence++ });
        return null;
      },
    },
    { grant: { pin: "P9_15A", direction: "out" } },
  );
  const bench = await startComponent(gpioLoop, {
    uses: { from: from.client, to: to.client },
    config: { edges: 4, periodMs: 10, boundMs: 20 },
  });
  onTestFinished(() => bench.stop());
  await eventually(() => bench.lines[0]).toBe("info 4 of 4 edges came back");
  world.lost = 1;
  await eventually(() => bench.lines).toContain("info 3 of 4 edges came back");
});

test("[K19] the feeder of a bench starts its watchdog with the time of the station, and goes on with signs of life", async () => {
  const asked: unknown[] = [];
  let pets = 0;
  const dog = {
    identity: "imx2+ watchdog",
    isRunning: false,
    timeoutSeconds: 60,
    leftSeconds: null,
    isStoppable: true,
    lastReset: [],
  };
  const timer = fakeClient(
    watchdogInterface,
    {
      read: () => dog,
      start(args) {
        asked.push(args);
        return { timeoutSeconds: 80 };
      },
      pet() {
        pets++;
        return null;
      },
      stop: () => null,
    },
    { grant: { device: "watchdog-1", timeoutSeconds: { min: 80, max: 80 }, stoppable: true } },
  );
  const bench = await startComponent(feeder, {
    uses: { timer: timer.client },
    config: { timeoutSeconds: 80, periodMs: 10 },
  });
  onTestFinished(() => bench.stop());
  await eventually(() => bench.lines).toContain("info fed 4 times");
  expect(asked).toEqual([{ timeoutSeconds: 80 }]);
  expect(bench.lines[0]).toContain("info imx2+ watchdog resets this board after 80 s");
  expect(pets).toBeGreaterThanOrEqual(4);
});

test("[K19] the port of a bench counts the bytes up to the first that is not what was sent", () => {
  expect(countAlike(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3))).toBe(3);
  expect(countAlike(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 9, 3))).toBe(1);
  expect(countAlike(Uint8Array.of(1, 2, 3), Uint8Array.of())).toBe(0);
});
