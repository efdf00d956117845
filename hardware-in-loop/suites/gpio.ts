/** Pins that a wire joins, by a component that may reach those two and no other. */
import { expect } from "vitest";
import { fixturesOf } from "../station/capabilities.ts";
import type { Suite } from "../suite/suite.ts";
import { watcherOf } from "../system/manifest.ts";

export const suite: Suite = (it) => {
  it(
    "hears every edge that it drives",
    { needs: ["agent", "gpio-loopback"], boundMs: 240_000, short: true },
    async (bench, measure) => {
      const target = await bench.target();
      await target.toAgent(bench.within(180_000));
      for (const fixture of fixturesOf(bench.station, "gpio-loopback")) {
        const line = await target.agent.logLine(watcherOf(fixture), /edges came back/, bench.within(120_000));
        const [, back, sent] = /(\d+) of (\d+) edges/.exec(line) ?? [];
        measure(`${fixture.name}: edges lost`, Number(sent) - Number(back), { unit: "edges", atMost: 0 });
      }
    },
  );

  it(
    "hears every edge that the bench drives",
    { needs: ["agent", "stimulus", "gpio-stimulus"], boundMs: 240_000, short: true },
    async (bench, measure) => {
      const target = await bench.target();
      await target.toAgent(bench.within(180_000));
      for (const fixture of fixturesOf(bench.station, "gpio-stimulus")) {
        const watcher = watcherOf(fixture);
        await target.agent.logLine(watcher, /at the start/, bench.within(60_000));
        await target.stimulus?.pin(fixture.pin, 0);
        const heard = async () => (await target.agent.logLines(watcher)).flatMap((text) => edge.exec(text)?.[1] ?? []);
        const before = (await heard()).length;
        // High first, so that each is a change.
        for (const level of [1, 0, 1, 0, 1, 0] as const) {
          const count = (await heard()).length;
          await target.stimulus?.pin(fixture.pin, level);
          await expect
            .poll(async () => (await heard()).slice(count).join(), { timeout: bench.within(20_000) })
            .toBe(`${level}`);
        }
        measure(`${fixture.name}: edges beside those driven`, (await heard()).length - before - 6, {
          unit: "edges",
          atLeast: 0,
          atMost: 0,
        });
      }
    },
  );
};

/** Before it a line has its level. */
const edge = /\b([01]), edge \d+$/;
