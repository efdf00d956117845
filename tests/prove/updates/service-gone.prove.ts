/** The management service is killed in the middle of an update, at each of its steps, and comes back after a while. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../../studio/src/run/eventually.ts";
import { openWholeDevice, type WholeDevice } from "./whole/bench.ts";
import { narrow, widen } from "./whole/link.ts";

let device: WholeDevice;
beforeAll(async () => {
  device = await openWholeDevice("provegone");
}, 180_000);
afterAll(() => device?.close(), 60_000);

const staged = (...names: string[]) => join(device.running.device.dataDir, "staging", ...names);
const changedMs = async (file: string) => (await stat(file).catch(() => undefined))?.mtimeMs ?? 0;

/** The agent's step of a deployment that began at `sinceMs`, by what it has staged of it. */
const steps: Record<string, (sinceMs: number) => Promise<boolean>> = {
  "the metadata": async (sinceMs) => (await changedMs(staged("agent.json"))) > sinceMs,
  "the documents": async (sinceMs) => (await changedMs(staged("metadata", "timestamp.json"))) > sinceMs,
  "the artifacts": async () => (await readdir(staged("blobs"))).some((name) => name.endsWith(".part")),
  "the last of the artifacts, before the release is judged": async () => {
    const names = await readdir(staged("blobs"));
    return names.length > 0 && !names.some((name) => name.endsWith(".part"));
  },
};
/** Longer than anybody would wait for a process that starts again. */
const awayMs: Record<string, number> = { "the artifacts": 60_000 };

test.each(Object.entries(steps))(
  "[M3] [M11] killed while %s are fetched: what was begun goes on when it is back",
  async (step, isAt) => {
    const built = await device.release({ ballastBytes: 400_000 });
    await device.answers();
    const before = await device.record();
    await narrow(device.running, 64_000);
    const sinceMs = Date.now();
    const id = await device.deploy(built);
    await eventually(step, 60_000, async () => (await isAt(sinceMs)) || undefined, 1);
    await device.running.kms.kill();
    await delay(awayMs[step] ?? 4000);
    // What ran goes on running, and nothing of the next is in force that could not be judged whole.
    const { current, trying } = await device.record();
    expect([before.current.digest, built.releaseDigest]).toContain(trying?.digest ?? current.digest);
    await device.running.kms.restart();
    await widen(device.running);
    expect(await device.ended(id)).toMatchObject({ state: "done" });
    await device.runs(built);
    await device.answers();
  },
);

test("[M3] [K17] away during the trial: without `kms: true` the release is committed", async () => {
  const built = await device.release();
  const { from } = await device.toTrial(built);
  await device.running.kms.kill();
  await device.said(/is committed/, from);
  await device.running.kms.restart();
  await device.runs(built);
  await device.answers();
});

test("[M3] [K17] away for the whole trial: with `kms: true` the device goes back, says why once it can, and answers", async () => {
  const before = await device.record();
  const built = await device.release({ update: "update: { kms: true, window: 10s, steady: 3s }" });
  const { from } = await device.toTrial(built);
  await device.running.kms.kill();
  await device.said(/is rolled back: not ready: the management service/, from);
  await device.running.kms.restart();
  const { release, update } = await device.rolledBack(built);
  expect(release.digest).toBe(before.current.digest);
  expect(update.reason).toContain("the management service");
  await device.answers();
});

test("[M3] [K17] back within the trial: with `kms: true` the release is committed", async () => {
  const built = await device.release({ update: "update: { kms: true, window: 60s, steady: 3s }" });
  const { from } = await device.toTrial(built);
  await device.running.kms.kill();
  await delay(6000);
  await device.running.kms.restart();
  await device.said(/is committed/, from);
  await device.runs(built);
});
