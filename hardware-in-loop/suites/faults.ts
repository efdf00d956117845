/** What goes wrong on a board by itself: a driver dies, the base system hangs, a slot cannot be started. */
import type { DeviceStatus } from "@bulkhead/protocol";
import { expect } from "vitest";
import { shellOf, watchReset } from "../suite/steps.ts";
import type { Suite } from "../suite/suite.ts";
import { driversOf } from "../system/manifest.ts";

const bootMs = 180_000;
/** systemd feeds a watchdog of 30 s. */
const resetMs = 60_000;

export const suite: Suite = (it) => {
  it("starts each driver again when it was killed, and who uses it goes on", {
    needs: ["agent", "shell"],
    boundMs: 400_000,
    short: true,
  }, async (bench) => {
    const target = await bench.target();
    await target.toAgent(bench.within(bootMs));
    const shell = await shellOf(target, bench, bootMs);
    for (const driver of driversOf(bench.station)) {
      const before = incarnationOf(await target.agent.status(), driver);
      await shell.run(killCommand(driver), bench.within(10_000));
      await expect
        .poll(async () => incarnationOf(await target.agent.status(), driver), { timeout: bench.within(60_000) })
        .toBe(before + 1);
      await target.toAgent(bench.within(60_000));
    }
  });

  it(
    "is reset by its watchdog when its base system hangs, and comes back",
    { needs: ["agent", "shell", "watchdog"], boundMs: 400_000 },
    async (bench, measure) => {
      const target = await bench.target();
      const before = await target.toAgent(bench.within(bootMs));
      const shell = await shellOf(target, bench, bootMs);
      const reset = await watchReset(target);
      const startMs = performance.now();
      // Process 1 feeds the watchdog. Frozen, it does nothing more; all else goes on, also the agent.
      shell.start("echo 1 > /sys/fs/cgroup/init.scope/cgroup.freeze");
      const { atMs } = await reset.seen(bench.within(resetMs));
      measure("hang to reset", (atMs - startMs) / 1000, { unit: "s" });
      const after = await target.toAgent(bench.within(bootMs));
      measure("hang to all components ready", (performance.now() - startMs) / 1000, { unit: "s" });
      expect(after.release).toEqual(before.release);
    },
  );

  it("goes back to the slot that it had when another cannot be started", {
    needs: ["agent", "slots", "power-cut"],
    boundMs: 400_000,
  }, async (bench) => {
    const target = await bench.target();
    const before = await target.toAgent(bench.within(bootMs));
    await target.cutPower();
    await target.trySlotB?.();
    const saidBefore = (await target.console()).length;
    const after = await target.toAgent(bench.within(bootMs));
    expect(after.release).toEqual(before.release);
    const said = (await target.console()).slice(saidBefore);
    // By its boot loader, or by its kernel, to which its root is none.
    expect(said.match(/slot b cannot be started|dm-verity device corrupted|slot b: its root/g)).toHaveLength(3);
    expect(said).toContain("slot b has used up its tries; back to a");
  });
};

/** All processes of a component's control group; the component's name is the group's. A group that is not there is an error, and no question. */
const killCommand = (component: string): string =>
  `shopt -s globstar; kill -9 $(cat /sys/fs/cgroup/**/${component}/cgroup.procs)`;

const incarnationOf = (status: DeviceStatus | undefined, component: string): number =>
  status?.components.find(({ name }) => name === component)?.incarnation ?? 0;
