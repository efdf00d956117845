/** A new release of the system: signed, given to the service, fetched by the device, tried, kept. */
import { expect } from "vitest";
import type { Suite } from "../suite/suite.ts";

export const suite: Suite = (it) => {
  it(
    "takes a new release of its components, and still has it after a start",
    { needs: ["agent", "release", "power-cut"], boundMs: 600_000 },
    async (bench, measure) => {
      const target = await bench.target();
      const before = await target.toAgent(bench.within(180_000));
      const next = await target.publishNext?.();
      if (next === undefined) throw new Error("the station says `release`, and its target makes none");
      const startMs = performance.now();
      const after = await target.agent.deploy(next, bench.within(120_000));
      measure("order to all components ready", (performance.now() - startMs) / 1000, { unit: "s" });
      expect(after.generation).toBe(before.generation + 1);
      await expect
        .poll(async () => (await target.agent.status())?.update.state, { timeout: bench.within(60_000) })
        .not.toBe("trying");
      await target.cutPower();
      const again = await target.toAgent(bench.within(180_000));
      expect(again.release.digest).toBe(next.digest);
    },
  );
};
