import type { GpioLineGrant } from "@bulkhead/protocol";
import { fakeClient, startComponent } from "@bulkhead/sdk/testing";
import { describe, expect, test } from "vitest";
import { simulatedPinsInterface } from "../simulation/interface.ts";
import { component } from "./server.ts";

async function start(...granted: GpioLineGrant[]) {
  const pins = new Map<string, 0 | 1>();
  const plant = fakeClient(simulatedPinsInterface, {
    drive({ pin, level }) {
      pins.set(pin, level);
      return null;
    },
    sense: ({ pin }) => ({ level: pins.get(pin) ?? 0 }),
  });
  const driver = await startComponent(component, {
    uses: {},
    mayUse: { plant: plant.client },
    config: { backend: "simulated" },
    channels: { line: granted.map((grant) => ({ component: "client", name: "peer", grant })) },
  });
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

  test("puts all granted outputs into their safe state before it is ready, whoever left them as they are", async () => {
    const { pins } = await start(
      { pin: "P9_12", direction: "out" },
      { pin: "P9_15", direction: "out", safe: 1 },
      { pin: "P9_14", direction: "in" },
    );
    expect(Object.fromEntries(pins)).toEqual({ P9_12: 0, P9_15: 1 });
  });

  test("puts an output into the safe state that its grant says when its client goes, and when it stops", async () => {
    const { pins, driver } = await start();
    const grant = { grant: { pin: "P9_12", direction: "out", safe: 1 } };
    const first = driver.connect("line", grant);
    await first.client.write({ level: 0 });
    expect(pins.get("P9_12")).toBe(0);
    first.leave();
    const second = driver.connect("line", grant);
    expect(await second.client.read()).toEqual({ level: 1 });
    await second.client.write({ level: 0 });
    await driver.stop();
    expect(pins.get("P9_12")).toBe(1);
  });

  test("says that the controller has gone and is back, and is safe again by itself", async () => {
    const { pins, plant, driver } = await start();
    const { client } = driver.connect("line", input);
    const edges: number[] = [];
    const told: boolean[] = [];
    client.channel.on("edge", ({ level }) => edges.push(level));
    client.channel.on("presence", ({ isPresent }) => told.push(isPresent));
    expect(await client.watch({ edges: "both" })).toEqual({ stamped: "driver" });
    const output = driver.connect("line", { ...out, component: "other" });
    await output.client.write({ level: 1 });
    plant.goDown();
    await expect.poll(() => told).toEqual([false]);
    plant.comeBack();
    await expect.poll(() => told).toEqual([false, true]);
    plant.notify("changed", { pin: "P9_14", level: 1 });
    expect(edges).toEqual([1]);
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

  test("is nobody's by a connection that has ended", async () => {
    const { pins, driver } = await start();
    const first = driver.connect("line", out);
    await first.client.write({ level: 1 });
    first.leave();
    await expect(first.client.write({ level: 1 })).rejects.toMatchObject({ code: "GPIO_LINE_BUSY" });
    expect(pins.get("P9_12")).toBe(0);
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

describe("[K11] several lines of one grant", () => {
  const pair = { pins: ["P9_12", "P9_15"], direction: "out", safe: 1 } as const;
  const inputs = { pins: ["P9_14", "P9_16"], direction: "in" } as const;

  test("are written and read together, in the order of the grant", async () => {
    const { pins, driver } = await start();
    const { client } = driver.connect("lines", { grant: pair });
    await client.write({ levels: [0, 1] });
    expect(Object.fromEntries(pins)).toEqual({ P9_12: 0, P9_15: 1 });
    expect(await client.read()).toEqual({ levels: [0, 1] });
    await expect(client.write({ levels: [1, 1, 1] })).rejects.toMatchObject({ code: "DEVICE_VALUE_REFUSED" });
    expect(await client.read()).toEqual({ levels: [0, 1] });
  });

  test("[K9] are not written where they are inputs, and not watched where they are outputs", async () => {
    const { driver } = await start();
    const refusal = { code: "IPC_NOT_GRANTED" };
    await expect(driver.connect("lines", { grant: inputs }).client.write({ levels: [1, 1] })).rejects.toMatchObject(
      refusal,
    );
    await expect(driver.connect("lines", { grant: pair }).client.watch({ edges: "both" })).rejects.toMatchObject(
      refusal,
    );
  });

  test("all have their safe state when their client goes", async () => {
    const { pins, driver } = await start();
    const first = driver.connect("lines", { grant: pair });
    await first.client.write({ levels: [0, 0] });
    first.leave();
    expect(await driver.connect("lines", { grant: pair }).client.read()).toEqual({ levels: [1, 1] });
    expect(Object.fromEntries(pins)).toEqual({ P9_12: 1, P9_15: 1 });
  });

  test("say of an edge which of them it was, and count each by itself", async () => {
    const { plant, driver } = await start();
    const { client } = driver.connect("lines", { grant: inputs });
    const seen: unknown[] = [];
    client.channel.on("edge", ({ pin, level, sequence }) => seen.push([pin, level, sequence]));
    await client.watch({ edges: "rising" });
    for (const [pin, level] of [
      ["P9_14", 1],
      ["P9_16", 1],
      ["P9_16", 0],
      ["P9_16", 1],
    ] as const)
      plant.notify("changed", { pin, level });
    await expect
      .poll(() => seen)
      .toEqual([
        ["P9_14", 1, 0],
        ["P9_16", 1, 0],
        ["P9_16", 1, 1],
      ]);
  });
});
