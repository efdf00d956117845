/** A watchdog that a component feeds through its driver: beside systemd's own, for those whose work must not stand still. */
import { expect } from "vitest";
import { fixturesOf } from "../station/capabilities.ts";
import type { Suite } from "../suite/suite.ts";
import { watcherOf } from "../system/manifest.ts";

const bootMs = 180_000;

export const suite: Suite = (it) => {
  it(
    "lets a component feed a watchdog of the board",
    {
      needs: ["agent", "fed-watchdog"],
      boundMs: 240_000,
      short: true,
    },
    async (bench, measure) => {
      const target = await bench.target();
      await target.toAgent(bench.within(bootMs));
      for (const fixture of fixturesOf(bench.station, "watchdog")) {
        const watcher = watcherOf(fixture);
        const said = await target.agent.logLine(watcher, /resets this board after \d+ s/, bench.within(60_000));
        measure(`${fixture.device}: time until the reset`, Number(/after (\d+) s/.exec(said)?.[1]), {
          unit: "s",
          atLeast: fixture.timeoutSeconds,
          atMost: fixture.timeoutSeconds,
        });
        await target.agent.logLine(watcher, /fed \d+ times/, bench.within(60_000));
      }
    },
  );

  it(
    "is reset by that watchdog when supervisor and components stand still, and comes back",
    { needs: ["agent", "shell", "fed-watchdog"], boundMs: 500_000 },
    async (bench, measure) => {
      const target = await bench.target();
      const before = await target.toAgent(bench.within(bootMs));
      const shell = await target.toShell?.(bench.within(bootMs));
      const times = fixturesOf(bench.station, "watchdog").map(({ timeoutSeconds }) => timeoutSeconds);
      const saidBefore = (await target.console()).length;
      const startMs = performance.now();
      // systemd goes on and feeds its own. All that it would do about a runtime that says nothing takes it longer than this watchdog.
      shell?.start("echo 1 > /sys/fs/cgroup/system.slice/bulkhead-root-server.service/cgroup.freeze");
      await expect
        .poll(async () => (await target.console()).slice(saidBefore), {
          timeout: bench.within((Math.max(...times) + 60) * 1000),
        })
        .toMatch(/bulkhead: slot [ab]/);
      target.expectRestart();
      measure("standstill to reset", (performance.now() - startMs) / 1000, { unit: "s" });
      const after = await target.toAgent(bench.within(bootMs));
      expect(after.release).toEqual(before.release);
    },
  );
};
