import { readdir, readFile, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
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

const coreNames = ["message-server", "verifier"];

describe("spare", () => {
  test("[K2] takes over with the next incarnation when the component is killed, and another follows", async () => {
    const { world, device } = await boot({
      one: { fake: "good", more: { spare: true } },
      held: { fake: "good", restart: { hold: true } },
      client: { fake: "good", strong: ["held"] },
    });
    const watch = await watchStatus(world);
    const before = await watch.when((now) => allReady(now) && stateOf(now, "one")?.spare === "standing-by");
    process.kill(await world.hostPid(stateOf(before, "one")?.pid), "SIGKILL");
    await world.line(/one was killed by SIGKILL; its spare takes over/);
    const after = await watch.when((now) => stateOf(now, "one")?.incarnation === 2 && allReady(now));
    expect(stateOf(after, "one")?.pid).not.toBe(stateOf(before, "one")?.pid);
    const next = await watch.when((now) => stateOf(now, "one")?.spare === "standing-by");
    expect(stateOf(next, "one")).toMatchObject({ incarnation: 2, level: { missing: [] } });

    process.kill(await world.hostPid(stateOf(next, "held")?.pid), "SIGKILL");
    const held = await watch.when((now) => stateOf(now, "client")?.state === "waiting");
    expect(stateOf(held, "held")?.state).toBe("held");
    expect(stateOf(held, "client")?.lastReason?.text).toBe("client stopped because held, on which it depends, is held");
    await device.ask("restart held");
    await watch.when((now) => allReady(now) && stateOf(now, "held")?.incarnation === 2);
    world.tell("end");
    expect(await world.ended).toBe(0);
  });
});

describe("ladder", () => {
  test("[K2] safe mode leaves the core servers, says so in the state, and a person's restart leads out of it", async () => {
    const { world, device } = await boot({
      bad: { fake: "shortLived", restart: { intensity: 1, escalate: "safe-mode" } },
      good: { fake: "good", more: { spare: true } },
    });
    const watch = await watchStatus(world);
    const status = await watch.when((now) => stateOf(now, "good")?.state === "held");
    expect(status.mode).toMatchObject({
      kind: "safe",
      reason: expect.stringMatching(/^bad exited with code 1; it is given/),
    });
    expect(status.components.filter(({ state }) => state === "ready").map(({ name }) => name)).toEqual(coreNames);
    await device.ask("restart -");
    await world.line(/ENDED 75/);
    await world.line(/the runtime restarts/);
  });

  test("[K2] [K17] a committed generation that reaches that rung gives way to the one before it, which is not left again", async () => {
    const { world, device } = await boot({ one: { fake: "good" } });
    const watch = await watchStatus(world);
    await watch.when(allReady);
    const restart = { intensity: 0, escalate: "previous-generation" } as const;
    const digest = await device.endorse({ one: { fake: "flaky", restart } }, 2);
    await device.ask(`activate ${digest}`);
    await world.line(/generation 2 is committed/);
    await world.line(
      /generation 2 gives way to the one before it: one exited with code 1: it gave up on purpose; it is given up/,
    );
    const status = await watch.when((now) => now.generation === 1 && allReady(now));
    expect(status.update).toMatchObject({ state: "rolled-back", releaseDigest: digest });
    expect(status.update.reason).toMatch(/one exited with code 1/);
    await device.ask(`activate ${digest}`);
    await world.line(/is not activated: it was tried before: one exited with code 1/);
  });

  test("[K2] reboots are counted on the disk, come later each time, and end; the device stays in safe mode then", async () => {
    const restart = { intensity: 0, escalate: "previous-generation" } as const;
    const { world, device } = await boot({ bad: { fake: "shortLived", restart } });
    await world.line(/the previous generation cannot take over: there is none/);
    await world.line(/the device reboots in 0 s: bad exited/);
    await world.line(/reboots did not help; the device stays in safe mode until a person restarts it/);
    expect(world.lines.filter((line) => line === "ENDED 75")).toHaveLength(2);
    const count = () =>
      readFile(join(device.dataDir, "state", "reboots"), "utf8").then((text) => JSON.parse(text).count);
    expect(await count()).toBe(2);
    await device.ask("restart -");
    await until(async () => (await count()) === 0, "a person to be believed");
  });

  test("[K2] with a full disk the device starts, keeps running what it runs, and stays in safe mode rather than reboot", async () => {
    const restart = { intensity: 0, escalate: "previous-generation" } as const;
    const device = await makeDevice(nextName(), { bad: { fake: "shortLived", restart }, good: { fake: "good" } });
    cleanUp.push(() => device.remove());
    await fillState(device.dataDir);
    const world = startIn(device);
    const watch = await watchStatus(world);
    await world.line(/the count of reboots cannot be written: ENOSPC/);
    await world.line(/the device stays in safe mode: a reboot that is not counted could be one without end/);
    await device.ask(`activate ${await device.endorse({ one: { fake: "good" } }, 2)}`);
    await world.line(/is not activated: ENOSPC/);
    const status = await watch.when((now) => now.mode?.kind === "safe" && now.update.state === "idle");
    expect(status.components.filter(({ state }) => state === "ready").map(({ name }) => name)).toEqual(coreNames);
    expect(world.lines.filter((line) => line.startsWith("ENDED"))).toEqual([]);
    await device.ask("restart -");
    await world.line(/ENDED 75/);
    await world.line(/generation 1 .* starts/, world.lines.indexOf("ENDED 75"));
  });
});

/** Puts the device's state on a file system that has no room left. */
async function fillState(dataDir: string): Promise<void> {
  const state = join(dataDir, "state");
  const slots = await Promise.all(
    (await readdir(state)).map(async (name) => [name, await readFile(join(state, name))] as const),
  );
  await execa("mount", ["-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", state]);
  cleanUp.push(() => execa("umount", ["--lazy", "--", state]));
  for (const [name, content] of slots) await writeFile(join(state, name), content);
  const { bavail, bsize } = await statfs(state);
  await writeFile(join(state, "hoard"), Buffer.alloc(bavail * bsize));
}
