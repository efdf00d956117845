/** The whole device, as its operator meets it by the KMS: it comes up, answers, and comes back from what is done to it. */
import type { DeviceStatus } from "@bulkhead/protocol";
import { expect } from "vitest";
import type { Suite } from "../suite/suite.ts";

const bootMs = 180_000;

export const suite: Suite = (it) => {
  it("comes up, and the KMS hears that all components are ready", {
    needs: ["agent"],
    boundMs: 300_000,
    short: true,
  }, async (bench) => {
    const target = await bench.target();
    const status = await target.toAgent(bench.within(bootMs));
    expect(status.mode?.kind ?? "normal").toBe("normal");
  });

  it("runs every component as its manifest says", {
    needs: ["agent"],
    boundMs: 120_000,
    short: true,
  }, async (bench) => {
    const target = await bench.target();
    const looked = await expect
      .poll(async () => (await target.agent.status())?.verification, { timeout: bench.within(60_000) })
      .toBeTruthy()
      .then(() => target.agent.status());
    expect(looked?.verification).toMatchObject({ differences: [] });
  });

  it("speaks to its service through the kernel's WireGuard", {
    needs: ["agent", "kernel-tunnel"],
    boundMs: 240_000,
  }, async (bench) => {
    const target = await bench.target();
    await target.toAgent(bench.within(bootMs));
    await target.agent.logLine("network", /the tunnel is the kernel's/, bench.within(60_000));
  });

  it(
    "restarts a driver, and who uses it goes on",
    { needs: ["agent", "commands", "i2c"], boundMs: 120_000, short: true },
    async (bench, measure) => {
      const target = await bench.target();
      const before = incarnationOf(await target.toAgent(bench.within(bootMs)), "i2c");
      const startMs = performance.now();
      await target.agent.restartComponent("i2c", bench.within(60_000));
      await expect
        .poll(async () => incarnationOf(await target.agent.status(), "i2c"), { timeout: bench.within(60_000) })
        .toBe(before + 1);
      await target.toAgent(bench.within(60_000));
      // Of a person's order through the KMS, with the restart of all that depend on the driver.
      measure("restart of the driver i2c, by order of the KMS", (performance.now() - startMs) / 1000, {
        unit: "s",
        atMost: bench.within(60_000) / 1000,
      });
    },
  );

  it(
    "comes back by itself after its power was cut, with the same release",
    { needs: ["agent", "power-cut"], boundMs: 400_000, short: true },
    async (bench, measure) => {
      const target = await bench.target();
      const before = await target.toAgent(bench.within(bootMs));
      await target.cutPower();
      const startMs = performance.now();
      const after = await target.toAgent(bench.within(bootMs));
      measure("power to all components ready", (performance.now() - startMs) / 1000, {
        unit: "s",
        atMost: bench.within(bootMs) / 1000,
      });
      expect(after.release).toEqual(before.release);
      expect(after.generation).toBe(before.generation);
    },
  );
};

const incarnationOf = (status: DeviceStatus | undefined, component: string): number =>
  status?.components.find(({ name }) => name === component)?.incarnation ?? 0;
