/** A watchdog that a component feeds through its driver: beside systemd's own, for those whose work must not stand still. */
import { expect } from "vitest";
import { fixturesOf } from "../station/capabilities.ts";
import { shellOf, watchReset } from "../suite/steps.ts";
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
      const shell = await shellOf(target, bench, bootMs);
      const seconds = Math.max(...fixturesOf(bench.station, "watchdog").map(({ timeoutSeconds }) => timeoutSeconds));
      const reset = await watchReset(target);
      const startMs = performance.now();
      // systemd goes on and feeds its own, and is told to do nothing about a runtime that says nothing: nobody else can reset the board.
      shell.start(
        "systemctl service-watchdogs no; cd /sys/fs/cgroup; echo 1 | tee bulkhead/cgroup.freeze system.slice/bulkhead-root-server.service/cgroup.freeze",
      );
      const { said, atMs } = await reset.seen(bench.within((seconds + 60) * 1000));
      // The kernel says so when a driver goes and its watchdog runs on: here it stood still until the reset.
      expect(said).not.toContain("watchdog did not stop");
      measure("standstill to reset", (atMs - startMs) / 1000, {
        unit: "s",
        atLeast: seconds / 2,
        atMost: seconds + bench.within(30_000) / 1000,
      });
      const after = await target.toAgent(bench.within(bootMs));
      expect(after.release).toEqual(before.release);
    },
  );
};
