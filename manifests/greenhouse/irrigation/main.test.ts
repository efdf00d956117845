import { gpioLineInterface } from "@bulkhead/drivers/gpio/interface";
import { fakeClient, startComponent } from "@bulkhead/sdk/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { moistureInterface } from "../interfaces.ts";
import { component, decideValve } from "./main.ts";

/** Machines that run eight things at once take their time. */
const eventually = <T>(probe: () => T | Promise<T>) => expect.poll(probe, { timeout: 20_000 });

const limits = { openPermille: 300, closePermille: 450 };

describe("[S4] irrigation", () => {
  test("opens when dry, closes when moist, and stays as it is between", () => {
    expect([300, 301, 449, 450].map((moisture) => decideValve(0, moisture, limits))).toEqual([1, 0, 0, 0]);
    expect([300, 301, 449, 450].map((moisture) => decideValve(1, moisture, limits))).toEqual([1, 1, 1, 0]);
  });

  test("drives the valve, and leaves it closed when it stops", async () => {
    const world = { moisturePermille: 200, valve: 0 };
    const moisture = fakeClient(moistureInterface, { read: () => ({ moisturePermille: world.moisturePermille }) });
    const valve = fakeClient(
      gpioLineInterface,
      {
        read: () => ({ level: 0 }),
        watch: () => ({ stamped: "driver" }),
        write({ level }) {
          world.valve = level;
          return null;
        },
      },
      { grant: { pin: "P9_14", direction: "out" } },
    );
    const flow = fakeClient(
      gpioLineInterface,
      { read: () => ({ level: 0 }), watch: () => ({ stamped: "driver" }), write: () => null },
      { grant: { pin: "P9_15A", direction: "in" } },
    );
    const irrigation = await startComponent(component, {
      uses: { moisture: moisture.client, valve: valve.client, flow: flow.client },
      config: { periodMs: 10 },
    });
    onTestFinished(() => irrigation.stop());
    await eventually(() => world.valve).toBe(1);
    world.moisturePermille = 500;
    await eventually(() => world.valve).toBe(0);
    expect(irrigation.lines).toEqual(["info valve open at 20.0 % moisture", "info valve closed at 50.0 % moisture"]);
    flow.notify("edge", { level: 1, timeUs: 1, sequence: 7 });
    await eventually(() => irrigation.lines).toContainEqual('info water flows {"edge":7}');
    world.moisturePermille = 100;
    await eventually(() => world.valve).toBe(1);
    await irrigation.stop();
    expect(world.valve).toBe(0);
  });
});
