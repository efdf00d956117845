/** What is started where the board's slots cannot be changed: nothing is condemned for what is not its own fault. On a real record and real files. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canonicalJson, type Release, sha256 } from "@bulkhead/protocol";
import { plainSystem } from "@bulkhead/protocol/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSlots } from "../board/index.ts";
import { encodeRecord, recordBytes } from "../board/slots/record.ts";
import type { Device } from "../device/index.ts";
import { installFactoryRelease, installRelease } from "./install.ts";
import { openLedger } from "./ledger.ts";
import { beginTrial, commit, type GenerationRecord, whyNotYet } from "./record.ts";
import { readRecord, writeRecord } from "./slots.ts";
import { chooseOf } from "./testing/chosen.ts";

const [old, fresh] = ["a".repeat(64), "b".repeat(64)];
const [here, there] = [
  { digest: old, named: true },
  { digest: fresh, named: true },
];
const refusal = /the board's slots cannot be changed: the record of slots cannot be written/;

let dataDir: string;
let lines: string[];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "bulkhead-choosing-"));
  await mkdir(join(dataDir, "releases"));
  lines = [];
});
afterEach(() => rm(dataDir, { recursive: true }));

const release = (releaseCounter: number): Release => ({
  ...{ format: 1, name: "spec", version: "1.0.0", securityEpoch: 0, board: "virtual", builtAtMs: 0, artifacts: [] },
  releaseCounter,
  system: plainSystem({ system: "spec" }),
});
const digestOf = (what: Release) => sha256(canonicalJson(what));

/** A device with `release(1)`, which needs the base system that runs; slot b holds the other. */
async function flash(): Promise<GenerationRecord> {
  await installFactoryRelease(dataDir, release(1), dataDir);
  const record = await readRecord(dataDir);
  if (record === null) throw new Error("it was flashed");
  return { ...record, current: { ...record.current, base: here }, holds: { a: old, b: fresh } };
}

/** As the ledger does with what was endorsed. */
async function install(what: Release): Promise<void> {
  const endorsed = join(dataDir, "endorsed", digestOf(what));
  await mkdir(join(endorsed, "artifacts"), { recursive: true });
  await writeFile(join(endorsed, "release.json"), canonicalJson(what));
  await installRelease(dataDir, endorsed);
}

/** A start from slot a with `record`. The place where the record of slots is written next takes nothing. */
async function startWith(record: GenerationRecord) {
  const places = [join(dataDir, "state-0"), join(dataDir, "state-1")] as const;
  await writeRecord(dataDir, record);
  await writeFile(places[0], encodeRecord({ turn: "0", current: "a" }));
  await mkdir(places[1]);
  const slots = await openSlots({
    words: `bulkhead.slot=a bulkhead.base=${old}`,
    records: async () => places,
    parts: async (slot) => ({ boot: join(dataDir, `boot-${slot}`), root: join(dataDir, `root-${slot}`) }),
  });
  const mend = async () => {
    await rm(places[1], { recursive: true });
    await writeFile(places[1], Buffer.alloc(recordBytes));
  };
  const ledger = await openLedger({
    config: { dataDir, board: "virtual" },
    paths: { endorsed: join(dataDir, "endorsed") },
    log: { line: (text: string) => lines.push(text) },
    slots,
  } as unknown as Device);
  return { ledger, mend };
}

test("[M11] a trial that needs the other slot is put off where that cannot be tried, and may be asked for again at once", async () => {
  const { ledger } = await startWith(beginTrial(await flash(), digestOf(release(2)), release(2), there));
  const chosen = await chooseOf(ledger);
  expect([chosen.run.generation, chosen.onTrial, chosen.held]).toEqual([1, false, undefined]);
  const after = await readRecord(dataDir);
  expect(after).toEqual(ledger.record());
  expect(after).toMatchObject({ trying: null, bad: [], current: { digest: digestOf(release(1)), base: here } });
  expect(after?.lastOutcome).toMatchObject({ releaseDigest: digestOf(release(2)), outcome: "rolled-back" });
  expect(after?.lastOutcome?.reason).toMatch(refusal);
  expect(whyNotYet(ledger.record(), digestOf(release(2)), Date.now())).toBeUndefined();
  expect(lines).toEqual([expect.stringMatching(/^generation 2 is not tried: the board's slots cannot be changed/)]);
});

test("[M11] the generation in charge is held there, although the one before it could run, and is in charge once the slots can be changed", async () => {
  const flashed = await flash();
  await install(release(2));
  const two = digestOf(release(2));
  const record = commit(beginTrial(flashed, two, release(2), there), release(2));
  const { ledger, mend } = await startWith(record);
  const chosen = await chooseOf(ledger);
  expect([chosen.run.digest, chosen.onTrial, chosen.held]).toEqual([two, false, expect.stringMatching(refusal)]);
  expect(await readRecord(dataDir)).toEqual(record);
  await mend();
  expect(await ledger.choose()).toEqual({ restart: expect.stringContaining("slot b is tried") });
});
