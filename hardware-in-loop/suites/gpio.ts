/** Pins that a wire joins, by a component that may reach those two and no other. */
import { fixturesOf } from "../station/capabilities.ts";
import type { Suite } from "../suite/suite.ts";
import { watcherOf } from "../system/manifest.ts";

export const suite: Suite = (it) => {
  it(
    "hears every edge that it drives",
    { needs: ["agent", "gpio-loopback"], boundMs: 240_000 },
    async (bench, measure) => {
      const target = await bench.target();
      await target.toAgent(180_000);
      for (const fixture of fixturesOf(bench.station, "gpio-loopback")) {
        const line = await target.agent.logLine(watcherOf(fixture), /edges came back/, 120_000);
        const [, back, sent] = /(\d+) of (\d+) edges/.exec(line) ?? [];
        measure(`${fixture.name}: edges lost`, Number(sent) - Number(back), { unit: "edges", atMost: 0 });
      }
    },
  );
};
