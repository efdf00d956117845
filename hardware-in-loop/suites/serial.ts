/** Ports whose output comes back as their input, by a component that may open that port and nothing else. */
import { expect } from "vitest";
import { fixturesOf } from "../station/capabilities.ts";
import type { Suite } from "../suite/suite.ts";
import { watcherOf } from "../system/manifest.ts";

/** Rounds of some hundred bytes that are looked at. Those before are of a board that was starting, or whose driver was killed. */
const rounds = 3;

export const suite: Suite = (it) => {
  it(
    "gets back every byte that it sends",
    { needs: ["agent", "uart-loopback"], boundMs: 240_000, short: true },
    async (bench, measure) => {
      const target = await bench.target();
      await target.toAgent(bench.within(180_000));
      for (const fixture of fixturesOf(bench.station, "uart-loopback")) {
        const said = async () =>
          (await target.agent.logLines(watcherOf(fixture))).flatMap((text) => {
            const [, came, sent, tookMs] = round.exec(text) ?? [];
            return came === undefined ? [] : [{ lost: Number(sent) - Number(came), tookMs: Number(tookMs) }];
          });
        const before = (await said()).length;
        await expect
          .poll(async () => (await said()).length, { timeout: bench.within(60_000) })
          .toBeGreaterThanOrEqual(before + rounds);
        for (const { lost, tookMs } of (await said()).slice(before, before + rounds)) {
          measure(`${fixture.port}: bytes lost`, lost, { unit: "bytes", atMost: 0 });
          measure(`${fixture.port}: there and back`, tookMs, { unit: "ms" });
        }
      }
    },
  );
};

const round = /(\d+) of (\d+) bytes came back in ([\d.]+) ms/;
