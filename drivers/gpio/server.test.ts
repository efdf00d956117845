import { fakeClient, startComponent } from "@bulkhead/sdk/testing";
import { describe, expect, test } from "vitest";
import { simulatedPinsInterface } from "../simulation/interface.ts";
import { component } from "./server.ts";

async function start() {
  const pins = new Map<string, 0 | 1>();
  const plant = fakeClient(simulatedPinsInterface, {
    drive({ pin, level }) {
      pins.set(pin, level);
      return null;
    },
    sense: ({ pin }) => ({ level: pins.get(pin) ?? 0 }),
  });
  const driver = await startComponent(component, { uses: { plant: plant.client }, config: { backend: "simulated" } });
  return { pins, plant, driver };
}
const out = { grant: { pin: "P9_12", direction: "out" } };
const input = { grant: { pin: "P9_14", direction: "in" } };

describe("[K11] the gpio driver", () => {
  test("drives an output and reads it back", async () => {
    const { pins, driver } = await start();
    const { client } = driver.connect("line", out);
    await client.write({ level: 1 });
    expect(pins.get("P9_12")).toBe(1);
    expect(await client.read()).toEqual({ level: 1 });
  });

  test("[K9] refuses to drive an input and to watch an output", async () => {
    const { driver } = await start();
    const refusal = { code: "IPC_NOT_GRANTED" };
    await expect(driver.connect("line", input).client.write({ level: 1 })).rejects.toMatchObject(refusal);
    await expect(driver.connect("line", out).client.watch({ edges: "both" })).rejects.toMatchObject(refusal);
  });

  test("switches an output off when its client goes, and gives the line to the next", async () => {
    const { pins, driver } = await start();
    const first = driver.connect("line", out);
    await first.client.write({ level: 1 });
    first.leave();
    const second = driver.connect("line", out);
    expect(await second.client.read()).toEqual({ level: 0 });
    await second.client.write({ level: 1 });
    expect(pins.get("P9_12")).toBe(1);
  });

  test("switches all outputs off when it stops", async () => {
    const { pins, driver } = await start();
    await driver.connect("line", out).client.write({ level: 1 });
    await driver.stop();
    expect(pins.get("P9_12")).toBe(0);
  });

  test("refuses a line that another client has, and leaves it as it is", async () => {
    const { pins, driver } = await start();
    await driver.connect("line", out).client.write({ level: 1 });
    const other = driver.connect("line", { ...out, component: "other" });
    await expect(other.client.read()).rejects.toMatchObject({ code: "GPIO_LINE_BUSY" });
    other.leave();
    await driver
      .connect("line", { ...out, component: "third" })
      .client.read()
      .catch(() => {});
    expect(pins.get("P9_12")).toBe(1);
  });

  test("tells the edges that were asked for, stamped and counted", async () => {
    const { plant, driver } = await start();
    const { client } = driver.connect("line", input);
    const edges: { level: number; timeUs: number; sequence: number }[] = [];
    client.channel.on("edge", (edge) => edges.push(edge));
    await client.watch({ edges: "rising" });
    for (const level of [1, 0, 1]) plant.notify("changed", { pin: "P9_14", level });
    plant.notify("changed", { pin: "P9_99", level: 1 });
    expect(edges.map(({ level, sequence }) => [level, sequence])).toEqual([
      [1, 0],
      [1, 1],
    ]);
    expect(edges[1]?.timeUs).toBeGreaterThanOrEqual(edges[0]?.timeUs as number);
    await client.watch({ edges: "none" });
    plant.notify("changed", { pin: "P9_14", level: 1 });
    expect(edges).toHaveLength(2);
  });
});
