import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DeviceStatus } from "@bulkhead/protocol";
import { execa } from "execa";
import { afterEach, describe, expect, test } from "vitest";
import {
  allReady,
  boot,
  cleanUp,
  cleanUpAll,
  nextName,
  startIn,
  stateOf,
  until,
  watchStatus,
} from "./testing/bench.ts";
import { makeDevice } from "./testing/device.ts";

afterEach(cleanUpAll);

describe("generations", () => {
  test("[K17] [M11] an endorsed release becomes the current generation, and what it does not change goes on", async () => {
    const sketch = {
      echo: { fake: "echo" },
      caller: { fake: "caller", strong: ["echo"] },
      onlooker: { fake: "good", weak: ["one"] },
      one: { fake: "good" },
      granter: { fake: "good" },
      granted: { fake: "good", weak: ["granter"] },
      shut: { fake: "shutter" },
      visitor: { fake: "good", weak: ["shut"] },
    } as const;
    const { world, device } = await boot(sketch);
    const watch = await watchStatus(world);
    const before = await watch.when(allReady);
    const caller = world.console("caller");
    const one = { fake: "good", more: { memoryBytes: 64 * 1024 ** 2 } } as const;
    // Whoever comes after the one that shut itself in has its directories as they should be.
    const newer = { one, two: { fake: "good" }, shut: { fake: "echo" } } as const;
    const granted = { ...sketch.granted, grant: { more: true } };
    const digest = await device.endorse({ ...sketch, ...newer, granted }, 2);
    const verifier = world.console("verifier");
    await device.ask(`activate ${digest}`);
    await world.line(/generation 2 \(spec 1.0.2\) is on trial/);
    await world.line(/generation 2 is committed/);
    expect(await device.record()).toMatchObject({
      current: { digest, generation: 2 },
      previous: { generation: 1 },
      trying: null,
      releaseCounterFloor: 2,
    });
    const status = await watch.when((now) => now.update.state === "committed");
    expect(status).toMatchObject({ generation: 2, release: { digest, version: "1.0.2" } });
    expect(stateOf(status, "two")?.state).toBe("ready");
    await until(() => verifier.lines.some((line) => line.includes("committed")), "the verifier to hear of it");
    expect(restarted(before, status)).toEqual(["granted", "granter", "one", "shut", "two", "verifier"]);
    expect(stateOf(status, "one")?.lastReason?.text).toBe("one restarted: generation 2 takes over");
    expect(caller.lines).not.toContain("failed");
    expect(callsIn(caller.lines)).toBeGreaterThan(100);
  });

  test("[K14] what a component stores outlives its update where the manifest says so, and has a hard bound", async () => {
    const quotaBytes = 4 * 1024 ** 2;
    const sketch = {
      lasting: { fake: "keeper", more: { storage: { quotaBytes, keep: true } } },
      passing: { fake: "keeper", more: { storage: { quotaBytes, keep: false } } },
    } as const;
    const { world, device } = await boot(sketch);
    const watch = await watchStatus(world);
    const consoles = [world.console("lasting"), world.console("passing")];
    const said = (index: number, line: number) =>
      until(() => consoles[index]?.lines[line], `line ${line}`).then((text) => JSON.parse(text));
    const status = await watch.when(allReady);
    expect(stateOf(status, "lasting")?.level?.missing).not.toContain("storage quota");
    expect([await said(0, 0), await said(1, 0)]).toEqual([
      { count: 1, full: "ENOSPC" },
      { count: 1, full: "ENOSPC" },
    ]);
    const next = { ...sketch, other: { fake: "good" } } as const;
    await device.ask(`activate ${await device.endorse(next, 2, { update: { restart: "all" } })}`);
    await world.line(/generation 2 is committed/);
    expect(restarted(status, await watch.when((now) => now.update.state === "committed"))).toEqual([
      "lasting",
      "message-server",
      "other",
      "passing",
      "verifier",
    ]);
    expect([await said(0, 1), await said(1, 1)]).toMatchObject([{ count: 2 }, { count: 1 }]);
  });

  test("[K14] a component whose storage does not fit on the disk is held with the reason, the others run, and a person's restart helps", async () => {
    const quotaBytes = 4 * 1024 ** 2;
    const sketch = {
      stores: { fake: "keeper", more: { storage: { quotaBytes, keep: true } } },
      other: { fake: "good" },
    } as const;
    const device = await makeDevice(nextName(), sketch);
    cleanUp.push(() => device.remove());
    const disk = join(device.dataDir, "storage");
    await mkdir(disk);
    await execa("mount", ["-t", "tmpfs", "-o", "size=1m,mode=0711", "tmpfs", disk]);
    cleanUp.push(() => execa("umount", ["--lazy", "--", disk]));
    const world = startIn(device);
    const watch = await watchStatus(world);
    const held = await watch.when(
      (now) => stateOf(now, "other")?.state === "ready" && stateOf(now, "stores")?.state === "held",
    );
    expect(stateOf(held, "stores")?.lastReason?.text).toMatch(
      /could not be started: the disk has no room for 4194304 bytes/,
    );
    expect(held.mode?.kind ?? "normal").toBe("normal");
    await execa("mount", ["-o", "remount,size=16m", disk]);
    await device.ask("restart stores");
    await watch.when(allReady);
  });

  test.each([
    { first: { fake: "good" }, outcome: "is committed", next: 3 },
    { first: { fake: "neverReady" }, outcome: "is rolled back", next: 3 },
  ] as const)(
    "[K17] [M11] a release that is endorsed during a trial is activated when that $outcome",
    async ({ first, outcome, next }) => {
      const { world, device } = await boot({ one: { fake: "good" } });
      await (await watchStatus(world)).when(allReady);
      await device.ask(`activate ${await device.endorse({ one: first }, 2)}`);
      await world.line(/generation 2 .* is on trial/);
      // In the way of a directory: the message server, which could go on, is restarted with the rest.
      await mkdir(`/proc/${world.pid}/root/run/device/ipc/two`, { recursive: true });
      const later = await device.endorse({ one: { fake: "good", strong: ["two"] }, two: { fake: "good" } }, 3);
      await device.ask(`activate ${later}`);
      await world.line(new RegExp(`${later} waits until the trial .* is over`));
      await world.line(new RegExp(outcome));
      await world.line(new RegExp(`generation ${next} \\(spec 1.0.3\\) is on trial`));
      await world.line(new RegExp(`generation ${next} takes over, and all is restarted for it: EEXIST`));
      await world.line(new RegExp(`generation ${next} is committed`));
      expect(await device.record()).toMatchObject({ current: { digest: later, generation: next }, trying: null });
    },
  );

  test("[K2] a generation that does not become ready is rolled back, with the reason, and not tried again", async () => {
    const other = { echo: { fake: "echo" }, caller: { fake: "caller", strong: ["echo"] } } as const;
    const { world, device } = await boot({ one: { fake: "good" }, ...other });
    const watch = await watchStatus(world);
    const before = await watch.when(allReady);
    const caller = world.console("caller");
    const digest = await device.endorse({ one: { fake: "neverReady" }, ...other }, 2);
    await device.ask(`activate ${digest}`);
    await world.line(/the generation on trial is rolled back: not ready: one, 4000 ms after the start/);
    const status = await watch.when((now) => now.update.state === "rolled-back" && allReady(now));
    expect(status).toMatchObject({
      generation: 1,
      update: { reason: expect.stringContaining("not ready: one"), releaseDigest: digest },
    });
    expect(await device.record()).toMatchObject({ current: { generation: 1 }, trying: null, bad: [{ digest }] });
    expect(restarted(before, status)).toEqual(["one", "verifier"]);
    expect(caller.lines).not.toContain("failed");
    expect(callsIn(caller.lines)).toBeGreaterThan(100);
    await device.ask(`activate ${digest}`);
    await world.line(/is not activated: it was tried before: not ready: one/);
  });

  test("[K2] a component that is given up during the trial ends it at once", async () => {
    const { world, device } = await boot({ one: { fake: "good" } });
    await (await watchStatus(world)).when(allReady);
    const bad = { fake: "garbage", restart: { intensity: 0 } } as const;
    await device.ask(`activate ${await device.endorse({ one: { fake: "neverReady" }, two: bad }, 2)}`);
    await world.line(/is rolled back: two sent garbage .* given up after more than 0 restarts/);
  });

  test("[M11] what is altered, older, unknown or for another board is not activated, and the device goes on", async () => {
    const { world, device } = await boot({ one: { fake: "good" } });
    const watch = await watchStatus(world);
    await watch.when(allReady);
    const altered = await device.endorse({ one: { fake: "good" }, two: { fake: "flaky" } }, 2);
    for (const artifact of await readdir(join(device.dataDir, "endorsed", altered, "artifacts"))) {
      await writeFile(join(device.dataDir, "endorsed", altered, "artifacts", artifact, "main.js"), "evil");
    }
    await device.ask(`activate ${altered}`);
    await world.line(new RegExp(`${altered} is not activated: the artifact .* is .* of \\d+ bytes`));
    await device.ask(`activate ${"0".repeat(64)}`);
    await world.line(/is not activated: there is no endorsed release 000/);
    expect(watch.last()).toMatchObject({ generation: 1 });
    expect(await device.record()).toMatchObject({ current: { generation: 1 }, trying: null });
  });

  test("[K2] a power cut in each of the first starts brings the previous generation back", async () => {
    const { world, device } = await boot({ one: { fake: "good" } });
    await (await watchStatus(world)).when(allReady);
    await device.ask(`activate ${await device.endorse({ one: { fake: "neverReady" } }, 2)}`);
    let from = 0;
    for (let start = 0; start < 3; start++) {
      await world.line(/generation 2 .* is on trial/, from);
      from = world.lines.length;
      world.tell("kill");
    }
    await world.line(/generation 1 .* starts/, from);
    expect((await device.record()).lastOutcome.reason).toBe("the runtime ended during each of its 3 first starts");
  });

  test("[M11] a release that waits for a trial finds what the commit of that has no more need of: artifacts that are pinned alone", async () => {
    const { world, device } = await boot({ one: { fake: "good" } });
    await (await watchStatus(world)).when(allReady);
    const pinned = { update: { pinned: true } } as const;
    const [good, prober] = [{ one: { fake: "good" } }, { one: { fake: "prober" } }] as const;
    const before = [
      await device.endorse(prober, 2, pinned),
      await device.endorse(good, 3),
      await device.endorse(good, 4),
    ];
    for (const [index, digest] of before.entries()) {
      await device.ask(`activate ${digest}`);
      await world.line(new RegExp(`generation ${index + 2} is committed`));
    }
    const waits = await device.endorse(prober, 6);
    await rm(join(device.dataDir, "endorsed", waits, "artifacts"), { recursive: true });
    await device.ask(`activate ${await device.endorse(good, 5, pinned)}`);
    await world.line(/generation 5 .* is on trial/);
    await device.ask(`activate ${waits}`);
    await world.line(/waits until the trial of generation 5 is over/);
    await world.line(/generation 6 is committed/);
  });

  test("[K22] a release that is damaged on the disk is not started: the previous one is", async () => {
    const { world, device } = await boot({ one: { fake: "good" } });
    await (await watchStatus(world)).when(allReady);
    const digest = await device.endorse({ one: { fake: "flaky" } }, 2);
    await device.ask(`activate ${digest}`);
    await world.line(/generation 2 is committed/);
    await world.close();
    const artifacts = join(device.dataDir, "releases", digest, "artifacts");
    await writeFile(join(artifacts, (await readdir(artifacts))[0] ?? "", "main.js"), "evil");
    const again = startIn(device);
    await again.line(/generation 2 is given up: the artifact/);
    await again.line(/generation 1 .* starts/);
  });

  test("[K22] [M11] the verifier of a held generation hears nothing of how that was committed, and what became of it when it was mended", async () => {
    const { world, device } = await boot({ one: { fake: "good" } });
    await (await watchStatus(world)).when(allReady);
    const digest = await device.endorse({ one: { fake: "flaky" } }, 2, undefined, 1);
    await device.ask(`activate ${digest}`);
    await world.line(/generation 2 is committed/);
    await world.close();
    const artifacts = join(device.dataDir, "releases", digest, "artifacts");
    await writeFile(join(artifacts, (await readdir(artifacts))[0] ?? "", "main.js"), "evil");
    const again = startIn(device);
    await again.line(/generation 2 is held but for core servers and the agent/);
    const watch = await watchStatus(again);
    await watch.when((now) => now.mode?.kind === "safe" && stateOf(now, "verifier")?.state === "ready");
    const verifier = again.console("verifier");
    await device.ask(`activate ${digest}`);
    await again.line(/generation 2 is whole again/);
    const heard = () => verifier.lines.filter((line) => line.includes("committed"));
    await until(() => heard().length > 0, "the verifier to hear of it");
    expect(heard()[0]).toContain("what was damaged of it is whole again");
  });
});

/** Components of which another process runs. */
function restarted(before: DeviceStatus, after: DeviceStatus): string[] {
  const changed = after.components.filter(({ name, pid }) => pid !== stateOf(before, name)?.pid);
  return changed.map(({ name }) => name).sort();
}

const callsIn = (lines: readonly string[]) => Number(lines.at(-1)?.split(" ")[1]);
