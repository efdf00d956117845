/** A release that is deployed while the one before it is under way: the later one runs in the end, whole, and nobody has to help. */
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { BuiltRelease } from "../../../studio/src/build/index.ts";
import { eventually } from "../../../studio/src/run/eventually.ts";
import { type Change, openWholeDevice, type WholeDevice } from "./whole/bench.ts";
import { narrow, widen } from "./whole/link.ts";

let device: WholeDevice;
beforeAll(async () => {
  device = await openWholeDevice("provetwo");
}, 180_000);
afterAll(() => device?.close(), 60_000);

/** Both are signed and uploaded before the first is deployed. */
async function releases(first: Change, second: Change = {}) {
  return { first: await device.release(first), second: await device.release(second) };
}

/** From now on: releases that the device says it runs, and those that its record has in charge, whenever one looks. */
function watchReleases() {
  const said = new Set<string>();
  const inCharge = new Set<string>();
  let isOver = false;
  const look = async () => {
    const { status } = await device.running.client.status(device.deviceId);
    if (status) said.add(status.release.digest);
    const { current, trying } = await device.record();
    for (const digest of [current.digest, trying?.digest]) if (digest) inCharge.add(digest);
  };
  const watching = (async () => {
    for (; !isOver; await delay(100)) await look();
  })();
  return async (allowed: readonly Pick<BuiltRelease, "releaseDigest">[]) => {
    isOver = true;
    await watching;
    expect(allowed.map(({ releaseDigest }) => releaseDigest)).toEqual(expect.arrayContaining([...said, ...inCharge]));
    return said;
  };
}

const running = async () => ({ releaseDigest: (await device.record()).current.digest });

async function runsWhole(built: BuiltRelease): Promise<void> {
  const { release } = await device.runs(built);
  const { version } = built.release;
  expect(release).toMatchObject({ digest: built.releaseDigest, version });
  const edition = Number(version.split(".")[1]);
  await eventually("the new code to speak", 30_000, async () => {
    const { lines } = await device.running.client.logs(device.deviceId, { limit: 5000, component: "changing" });
    return lines.some(({ text }) => text.endsWith(`edition ${edition}`)) || undefined;
  });
  expect(await device.record()).toMatchObject({ current: { digest: built.releaseDigest }, trying: null });
}

const steady = { update: "update: { steady: 8s }" };

test("[K17] [M11] the second is deployed while the first is being fetched: one after the other, and the second runs", async () => {
  const before = await running();
  const { first, second } = await releases({ ballastBytes: 500_000 });
  await narrow(device.running, 64_000);
  const done = watchReleases();
  const ids = [await device.deploy(first)];
  await device.fetching();
  ids.push(await device.deploy(second));
  for (const id of ids) expect(await device.ended(id)).toMatchObject({ state: "done" });
  await runsWhole(second);
  await done([before, first, second]);
  await widen(device.running);
});

test("[K17] [M11] the second comes while the first is on trial: it waits for the end of that, and runs", async () => {
  const before = await running();
  const { first, second } = await releases(steady);
  const done = watchReleases();
  const { from } = await device.toTrial(first);
  const id = await device.deploy(second);
  expect(await device.ended(id)).toMatchObject({ state: "done" });
  await runsWhole(second);
  expect([...(await done([before, first, second]))]).toEqual(
    expect.arrayContaining([first.releaseDigest, second.releaseDigest]),
  );
  expect((await device.log()).slice(from)).toMatch(/waits until the trial of generation \d+ is over/);
});

test("[K17] [M11] the first is taken back while the second waits: the second runs all the same", async () => {
  const before = await running();
  const bad = { behaviour: "return new Promise<void>(() => undefined);", update: "update: { window: 10s }" };
  const { first, second } = await releases(bad);
  const done = watchReleases();
  await device.toTrial(first);
  const id = await device.deploy(second);
  expect(await device.ended(id)).toMatchObject({ state: "done" });
  await runsWhole(second);
  await done([before, first, second]);
  expect((await device.record()).bad.map(({ digest }) => digest)).toContain(first.releaseDigest);
});

test("[K17] [M11] the second comes around the commit of the first, a little later each time: it runs each time", async () => {
  for (let round = 0; round < 10; round += 1) {
    const before = await running();
    const { first, second } = await releases(
      { update: "update: { steady: 2s }" },
      { update: "update: { steady: 500ms }" },
    );
    const done = watchReleases();
    await device.toTrial(first);
    await delay(1000 + round * 150);
    expect(await device.ended(await device.deploy(second))).toMatchObject({ state: "done" });
    await runsWhole(second);
    await done([before, first, second]);
  }
});
