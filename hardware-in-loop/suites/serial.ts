/** Ports whose output comes back as their input, by a component that may open that port and nothing else. */
import { fixturesOf } from "../station/capabilities.ts";
import type { Suite } from "../suite/suite.ts";
import { watcherOf } from "../system/manifest.ts";

export const suite: Suite = (it) => {
  it(
    "gets back every byte that it sends",
    { needs: ["agent", "uart-loopback"], boundMs: 240_000, short: true },
    async (bench, measure) => {
      const target = await bench.target();
      await target.toAgent(bench.within(180_000));
      for (const fixture of fixturesOf(bench.station, "uart-loopback")) {
        const line = await target.agent.logLine(watcherOf(fixture), /bytes came back/, bench.within(60_000));
        const [, came, sent, tookMs] = /(\d+) of (\d+) bytes came back in ([\d.]+) ms/.exec(line) ?? [];
        measure(`${fixture.port}: bytes lost`, Number(sent) - Number(came), { unit: "bytes", atMost: 0 });
        measure(`${fixture.port}: there and back`, Number(tookMs), { unit: "ms" });
      }
    },
  );
};
