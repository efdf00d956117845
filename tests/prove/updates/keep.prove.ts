/**
 * What an update does not change, on real processes: over many updates, over a crash and a kill in the middle, and over what is then cleared away
 * of the releases that the components which went on were started from.
 */
import { chmod, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DeviceStatus } from "@bulkhead/protocol";
import { afterEach, expect, test } from "vitest";
import {
  allReady,
  boot,
  cleanUpAll,
  startIn,
  stateOf,
  until,
  watchStatus,
} from "../../../runtime/src/root-server/testing/bench.ts";
import type { SpecDevice, SystemSketch } from "../../../runtime/src/root-server/testing/device.ts";

afterEach(cleanUpAll);

const quotaBytes = 4 * 1024 ** 2;
const standing = {
  echo: { fake: "echo" },
  caller: { fake: "caller", strong: ["echo"] },
  lasting: { fake: "keeper", more: { storage: { quotaBytes, keep: true } } },
  networked: { fake: "good", more: { network: ["mqtt"] } },
} as const satisfies SystemSketch;

/** The n-th of the same system: `turning` has another limit each time, and every second time there is one component more. */
const edition = (n: number): SystemSketch => ({
  ...standing,
  turning: { fake: "good", more: { memoryBytes: (48 + n) * 1024 ** 2 } },
  ...(n % 2 === 0 && { zebra: { fake: "good" as const } }),
});

const pidsOf = (status: DeviceStatus) => Object.keys(standing).map((name) => stateOf(status, name)?.pid);

test("[K17] over ten updates and a way back what stays the same keeps its process, its answers and its files, and verify finds nothing", async () => {
  const { world, device } = await boot(edition(1));
  await device.installVerify();
  const watch = await watchStatus(world);
  const first = await watch.when(allReady);
  const caller = world.console("caller");
  const digests: string[] = [];
  for (let n = 2; n <= 11; n += 1) {
    const digest = await device.endorse(edition(n), n);
    digests.push(digest);
    await device.ask(`activate ${digest}`);
    await world.line(new RegExp(`generation ${n} is committed`));
    const status = await watch.when((now) => now.generation === n && allReady(now) && now.verification !== null);
    expect(pidsOf(status)).toEqual(pidsOf(first));
    expect(status.verification).toMatchObject({ ok: true, differences: [], failure: null });
  }
  expect(caller.lines).not.toContain("failed");
  // The first release is no release any more; what components run from is there.
  const releases = await readdir(join(device.dataDir, "releases"));
  expect(releases).toEqual(expect.arrayContaining(digests.slice(-2)));
  const left = releases.filter((name) => !digests.slice(-2).includes(name));
  expect(left).toHaveLength(1);
  expect(await readdir(join(device.dataDir, "releases", left[0] ?? ""))).toEqual(["artifacts"]);
  const bad = await device.endorse({ ...edition(11), turning: { fake: "neverReady" } }, 12);
  await device.ask(`activate ${bad}`);
  const back = await watch.when((now) => now.update.state === "rolled-back" && allReady(now));
  expect(pidsOf(back)).toEqual(pidsOf(first));
  expect(caller.lines).not.toContain("failed");
  // A component that went on and is then killed is started from the release that runs.
  const pid = await world.hostPid(stateOf(back, "lasting")?.pid);
  process.kill(pid, "SIGKILL");
  await watch.when((now) => (stateOf(now, "lasting")?.incarnation ?? 0) === 2 && allReady(now));
});

test("[K17] [K2] a device that is killed at a random instant of an update has all of one generation then", async () => {
  const { world, device } = await boot(edition(1));
  let watch = await watchStatus(world);
  await watch.when(allReady);
  for (let n = 2; n <= 16; n += 1) {
    const from = world.lines.length;
    await device.ask(`activate ${await device.endorse(edition(n), n)}`);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 1500));
    world.tell("kill");
    await world.line(/ENDED/, from);
    await world.line(/generation \d+ .* (starts|is on trial)/, world.lines.length);
    watch = await watchStatus(world);
    const { current, trying, lastOutcome } = await until(async () => {
      const record = await device.record();
      return record.trying === null && record;
    }, "the trial to be over");
    const since = world.lines.slice(from).join("\n");
    expect([trying, lastOutcome?.outcome ?? "committed"], `${JSON.stringify(lastOutcome)}\n${since}`).toEqual([
      null,
      "committed",
    ]);
    const status = await watch.when((now) => now.generation === current.generation && allReady(now));
    expect(status.components.some(({ name }) => name === "zebra")).toBe(status.release.releaseCounter % 2 === 0);
  }
});

test("[K22] a damaged release whose predecessor is below the security epoch is held; the same release heals it, and so does the next", async () => {
  const { world, device } = await boot(standing);
  await (await watchStatus(world)).when(allReady);
  const digest = await device.endorse({ ...standing, turning: { fake: "prober" } }, 2, {}, 1);
  await device.ask(`activate ${digest}`);
  await world.line(/generation 2 is committed/);
  await world.close();
  const artifacts = join(device.dataDir, "releases", digest, "artifacts");
  for (const artifact of await readdir(artifacts)) {
    await chmod(join(artifacts, artifact, "main.js"), 0o644);
    await writeFile(join(artifacts, artifact, "main.js"), "evil");
  }
  const again = startIn(device);
  await again.line(/generation 2 is held but for core servers and the agent: .* its security epoch 0 is below 1/);
  const watch = await watchStatus(again);
  const held = await watch.when((now) => now.mode?.kind === "safe" && stateOf(now, "verifier")?.state === "ready");
  expect(held.components.filter(({ state }) => state === "held").map(({ name }) => name)).toEqual([
    ...Object.keys(standing),
    "turning",
  ]);
  // The same one is endorsed again, as the verifier does that was told what is intact: whole, it runs.
  await device.ask(`activate ${await device.endorse({ ...standing, turning: { fake: "prober" } }, 2, {}, 1)}`);
  await again.line(/generation 2 is whole again/);
  await watch.when((now) => now.generation === 2 && now.mode?.kind === "normal" && allReady(now));
  await again.close();
  for (const artifact of await readdir(artifacts)) await writeFile(join(artifacts, artifact, "main.js"), "evil");
  await goesOnHeld(device);
});

/** Held once more, it takes a trial that fails, and then a newer release. */
async function goesOnHeld(device: SpecDevice): Promise<void> {
  const again = startIn(device);
  const watch = await watchStatus(again);
  await watch.when((now) => now.mode?.kind === "safe" && stateOf(now, "verifier")?.state === "ready");
  // A trial that fails goes back to what is held, and to nothing more of it.
  const never = { ...standing, turning: { fake: "neverReady" } } as const;
  const window = { update: { windowMs: 2500, steadyMs: 300 } } as const;
  await device.ask(`activate ${await device.endorse(never, 3, window, 1)}`);
  await again.line(/the generation on trial is rolled back/);
  const heldAgain = await watch.when((now) => now.generation === 2 && stateOf(now, "verifier")?.state === "ready");
  expect(heldAgain.mode?.kind).toBe("safe");
  expect(heldAgain.components.filter(({ state }) => state === "held").map(({ name }) => name)).toEqual([
    ...Object.keys(standing),
    "turning",
  ]);
  await device.ask(`activate ${await device.endorse({ ...standing, turning: { fake: "prober" } }, 4, {}, 1)}`);
  await again.line(/generation 4 is committed/);
  await watch.when((now) => now.generation === 4 && now.mode?.kind === "normal" && allReady(now));
}

test("[K17] with `kms: true` only a generation that reaches the management service is good, each by itself", async () => {
  const system = { "kms-agent": { fake: "agent", core: true }, one: { fake: "good" } } as const;
  const { world, device } = await boot(system);
  const watch = await watchStatus(world);
  await watch.when(allReady);
  const reach = async () =>
    process.kill(await world.hostPid(stateOf(await watch.when(allReady), "kms-agent")?.pid), "SIGUSR2");
  // What the generation before has reached says nothing of the next.
  await reach();
  const more = { update: { kms: true, windowMs: 2500, steadyMs: 300 } } as const;
  await device.ask(`activate ${await device.endorse({ ...system, two: { fake: "good" } }, 2, more)}`);
  await world.line(/is rolled back: not ready: the management service, 2500 ms after the start/);
  await device.ask(`activate ${await device.endorse({ ...system, three: { fake: "good" } }, 3, more)}`);
  await world.line(/generation 3 .* is on trial/);
  await watch.when((now) => now.generation === 3 && allReady(now));
  await reach();
  await world.line(/generation 3 is committed/);
});
