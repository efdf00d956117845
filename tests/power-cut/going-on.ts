/** What a device does after a power cut, and what has to hold then: it goes on, and nothing of before is in its way. */
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { installFactoryRelease } from "@bulkhead/runtime";
import { expect } from "vitest";
import { type GenerationRecord, keptDigests } from "../../runtime/src/generations/record.ts";
import { readRecord } from "../../runtime/src/generations/slots.ts";
import { type MadeRelease, openDevice, type Releases } from "./releases.ts";

export const dataOf = (root: string) => join(root, "data");

export async function flash(root: string, { artifacts }: Releases, { release }: MadeRelease): Promise<void> {
  await mkdir(join(dataOf(root), "releases"), { recursive: true });
  await installFactoryRelease(dataOf(root), release, artifacts);
}

/** Tries an endorsed release and finds it good. */
export async function takeRelease(root: string, releases: Releases, made: MadeRelease): Promise<void> {
  await (await openDevice(root, releases)).admit(made.digest);
  const ledger = await openDevice(root, releases);
  expect(await ledger.choose()).toMatchObject({ onTrial: true, run: { digest: made.digest } });
  await ledger.commitTrial(made.release);
}

export async function recordIn(root: string): Promise<GenerationRecord> {
  const record = await readRecord(dataOf(root));
  if (!record) throw new Error("there is no device");
  return record;
}

export function expectFloors(record: GenerationRecord, { release }: MadeRelease): void {
  expect(record.securityEpochFloor).toBeGreaterThanOrEqual(release.securityEpoch);
  expect(record.releaseCounterFloor).toBeGreaterThanOrEqual(release.releaseCounter);
}

export function expectUids({ uidNumbers }: GenerationRecord, { release }: MadeRelease): void {
  expect(Object.keys(uidNumbers)).toEqual(expect.arrayContaining(release.system.startOrder));
}

/** Ends the trial that is under way, and takes those of `updates` that it does not run yet; nothing else is left at the end. */
export async function goOn(root: string, releases: Releases, updates: readonly MadeRelease[]): Promise<void> {
  const before = await recordIn(root);
  const ledger = await openDevice(root, releases);
  const { first, second, third, warmer, colder } = releases;
  const onTrial = [first, second, third, warmer, colder].find(
    ({ digest }) => digest === ledger.record().trying?.digest,
  );
  if (onTrial) await ledger.commitTrial(onTrial.release);
  for (const made of updates) {
    const { current, lastGeneration } = await recordIn(root);
    if (current.digest === made.digest) continue;
    await takeRelease(root, releases, made);
    expect((await recordIn(root)).current.generation).toBe(lastGeneration + 1);
  }
  const after = await recordIn(root);
  for (const made of updates) expectFloors(after, made);
  expect(after.uidNumbers).toMatchObject(before.uidNumbers);
  expect(new Set(Object.values(after.uidNumbers)).size).toBe(Object.keys(after.uidNumbers).length);
  expect((await readdir(join(dataOf(root), "releases"))).sort()).toEqual(keptDigests(after).sort());
  // What is written beside a slot takes its place; there is never more than one of each.
  expect(["a", "a.new", "b", "b.new"]).toEqual(expect.arrayContaining(await readdir(join(dataOf(root), "state"))));
}
