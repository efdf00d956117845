/** The record of generations and the count of reboots on a disk without room: a real tmpfs that is full. Needs root. */
import { mkdir, mkdtemp, readdir, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Release } from "@bulkhead/protocol";
import { plainSystem } from "@bulkhead/protocol/testing";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Device } from "../device/index.ts";
import { openReboots } from "../ladder/reboots.ts";
import { installFactoryRelease, installRelease } from "./install.ts";
import { keepRecord } from "./kept-record.ts";
import { openLedger } from "./ledger.ts";
import { beginTrial, firstRecord, type GenerationRecord } from "./record.ts";
import { readRecord, writeRecord } from "./slots.ts";

let disk: string;
let log: string[];
beforeEach(async () => {
  disk = await mkdtemp(join(tmpdir(), "bulkhead-full-"));
  await execa("mount", ["-t", "tmpfs", "-o", "size=512k,mode=0700", "tmpfs", disk]);
  await mkdir(join(disk, "releases"));
  log = [];
});
afterEach(async () => {
  await execa("umount", ["--lazy", "--", disk]);
  await rm(disk, { recursive: true });
});

const hoard = () => join(disk, "hoard");
async function fill(): Promise<void> {
  const { bavail, bsize } = await statfs(disk);
  await writeFile(hoard(), Buffer.alloc(bavail * bsize));
  await expect(writeFile(join(disk, "more"), "more")).rejects.toMatchObject({ code: "ENOSPC" });
  await rm(join(disk, "more"));
}
const free = () => rm(hoard());

const release = (releaseCounter: number): Release => ({
  ...{ format: 1, name: "spec", version: "1.0.0", securityEpoch: 0, board: "virtual", builtAtMs: 0, artifacts: [] },
  releaseCounter,
  system: plainSystem({ system: "spec" }),
});
const device = () =>
  ({
    config: { dataDir: disk, board: "virtual", ladder: { rebootDelaysMs: [0, 100], healthyMs: 60_000 } },
    paths: { endorsed: join(disk, "endorsed") },
    log: { line: (text: string) => log.push(text) },
    slots: null,
  }) as unknown as Device;

/** A device on which the release with counter 2 is installed beside the one that runs, and on trial where `isOnTrial`. */
async function flashed(isOnTrial: boolean): Promise<{ second: Release; record: GenerationRecord }> {
  await installFactoryRelease(disk, release(1), disk);
  const second = release(2);
  // What another device was flashed with is as good as what a verifier endorsed.
  const other = join(disk, "other");
  await mkdir(join(other, "releases"), { recursive: true });
  const digest = await installFactoryRelease(other, second, disk);
  await installRelease(disk, join(other, "releases", digest));
  await rm(other, { recursive: true });
  const first = (await readRecord(disk)) as GenerationRecord;
  const record = isOnTrial ? beginTrial(first, digest, second) : first;
  await writeRecord(disk, record);
  return { second, record };
}

test("[K2] a device whose disk is full starts what it ran, and leaves no half file behind", async () => {
  const { record } = await flashed(false);
  await fill();
  const ledger = await openLedger(device());
  expect(await ledger.choose()).toMatchObject({ onTrial: false, run: record.current });
  await expect(ledger.admit("0".repeat(64))).rejects.toThrow();
  expect(ledger.record().trying).toBeNull();
  expect((await readdir(join(disk, "state"))).sort()).toEqual(["a", "b"]);
});

test("[K2] a trial that cannot be counted is not begun, is not held against its release, and is tried at the next start", async () => {
  const { record } = await flashed(true);
  await fill();
  const ledger = await openLedger(device());
  expect(await ledger.choose()).toMatchObject({ onTrial: false, run: record.current });
  expect(log.join()).toMatch(/generation 2 is not tried: the record cannot be written: ENOSPC/);
  expect(ledger.record()).toMatchObject({ trying: null, bad: [], lastOutcome: { outcome: "rolled-back" } });
  expect(await readRecord(disk)).toEqual(record);
  await free();
  expect(await (await openLedger(device())).choose()).toMatchObject({ onTrial: true });
});

test("[K2] a trial that ends while the disk is full ends: well, and what runs goes on; badly, and it is rolled back", async () => {
  const { second, record } = await flashed(true);
  const ledger = await openLedger(device());
  await ledger.choose();
  await fill();
  await ledger.commitTrial(second);
  expect(ledger.record()).toMatchObject({ current: { generation: 2 }, trying: null });
  expect(log.join()).toMatch(/cannot be written, what runs goes on without: ENOSPC/);
  // Nothing of what the next start would still need has been removed.
  expect(await readdir(join(disk, "releases"))).toContain(record.current.digest);
  expect(await (await openLedger(device())).choose()).toMatchObject({ onTrial: false, run: record.current });
  const other = await openLedger(device());
  await other.rollBackTrial("it is bad");
  expect(other.record()).toMatchObject({ trying: null, bad: [{ reason: "it is bad" }] });
});

test("[K2] the way back to the previous generation is refused where it cannot be written down", async () => {
  const { second } = await flashed(true);
  const ledger = await openLedger(device());
  await ledger.choose();
  await ledger.commitTrial(second);
  await fill();
  await expect(ledger.goBack("it is bad")).rejects.toMatchObject({ code: "ENOSPC" });
  expect(ledger.record()).toMatchObject({ current: { generation: 2 } });
});

test("[K2] a record that a full disk did not take is written as soon as there is room", async () => {
  const first = firstRecord("a".repeat(64), { releaseCounter: 1, securityEpoch: 0 });
  await writeRecord(disk, first);
  const kept = keepRecord(disk, first, (text) => log.push(text), 20);
  await fill();
  expect(await kept.adopt({ ...first, releaseCounterFloor: 7 })).toBe(false);
  expect(kept.now().releaseCounterFloor).toBe(7);
  expect((await readRecord(disk))?.releaseCounterFloor).toBe(1);
  await free();
  await expect.poll(async () => (await readRecord(disk))?.releaseCounterFloor).toBe(7);
  expect(log.at(-1)).toBe("the record of generations is on the disk again");
});

test("[K2] a reboot that cannot be counted is told from one that is, and forgiving does no harm", async () => {
  await mkdir(join(disk, "state"));
  const reboots = await openReboots(device());
  expect(await reboots.count()).toBe(true);
  await fill();
  expect(await reboots.count()).toBe(false);
  await reboots.forgive();
  expect(log).toEqual(Array(2).fill(expect.stringMatching(/the count of reboots cannot be written: ENOSPC/)));
  expect(reboots.nextInMs()).toBe(100);
  expect(await readdir(join(disk, "state"))).toEqual(["reboots"]);
});
