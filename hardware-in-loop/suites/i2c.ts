/** Chips on the board's buses, seen through a driver by a component that may reach that chip and nothing else. */
import { fixturesOf } from "../station/capabilities.ts";
import type { Suite } from "../suite/suite.ts";
import { watcherOf } from "../system/manifest.ts";

export const suite: Suite = (it) => {
  it(
    "reads the temperature of each thermometer",
    { needs: ["agent", "i2c"], boundMs: 240_000, short: true },
    async (bench, measure) => {
      const target = await bench.target();
      await target.toAgent(bench.within(180_000));
      for (const fixture of fixturesOf(bench.station, "i2c")) {
        const line = await target.agent.logLine(watcherOf(fixture), /°C/, bench.within(60_000));
        // The range of the chip (TMP102 data sheet, section 6.3).
        measure(`${fixture.chip} on ${fixture.bus}`, Number(/(-?[\d.]+) °C/.exec(line)?.[1]), {
          unit: "°C",
          atLeast: -40,
          atMost: 125,
        });
      }
    },
  );

  it("sees the temperature that the bench gives a thermometer", {
    needs: ["agent", "stimulus", "temperature"],
    boundMs: 240_000,
    short: true,
  }, async (bench) => {
    const target = await bench.target();
    await target.toAgent(bench.within(180_000));
    for (const fixture of fixturesOf(bench.station, "i2c").filter(({ driven }) => driven)) {
      for (const degrees of [61.5, -7.5]) {
        await target.stimulus?.temperature(watcherOf(fixture), degrees * 1000);
        await target.agent.logLine(watcherOf(fixture), new RegExp(`(^|\\s)${degrees} °C`), bench.within(30_000));
      }
    }
  });
};
