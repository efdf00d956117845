/** What becomes of a board whose slots do not do what they are told: it comes to rest, and says why. On a real record and real files. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Release, sha256 } from "@bulkhead/protocol";
import { plainSystem } from "@bulkhead/protocol/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSlots } from "../../board/index.ts";
import { encodeRecord, recordBytes, type SlotRecord } from "../../board/slots/record.ts";
import { keepRecord } from "../kept-record.ts";
import { firstRecord, type GenerationRecord } from "../record.ts";
import { readRecord, writeRecord } from "../slots.ts";
import { openBaseSystems } from "./base-systems.ts";

const [old, fresh] = ["a".repeat(64), "b".repeat(64)];
const holds = { a: old, b: fresh };

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "bulkhead-base-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const place = (name: string) => join(root, name);

/** The current generation names `base`. */
function device(base: string, more: Partial<GenerationRecord>): GenerationRecord {
  const record = firstRecord("c".repeat(64), { releaseCounter: 1, securityEpoch: 0 });
  return { ...record, current: { ...record.current, base: { digest: base, named: true } }, holds, ...more };
}

/** A start of the board with these words, whatever its slots' record says. */
async function start(words: string) {
  const parts = async () => ({ boot: place("boot"), root: place("root") });
  const records = [place("state-0"), place("state-1")] as const;
  const slots = await openSlots({ words, records: async () => records, parts });
  const record = await readRecord(root);
  if (slots === null || record === null) throw new Error("the board has slots and a record");
  const kept = keepRecord(root, record, () => undefined);
  return { slots, kept, bases: openBaseSystems(slots, kept, () => undefined) };
}

async function flash(slots: SlotRecord, record: GenerationRecord): Promise<void> {
  await writeFile(place("state-0"), encodeRecord(slots));
  await writeFile(place("state-1"), Buffer.alloc(recordBytes));
  await writeRecord(root, record);
}

test.each([
  ["never starts the slot that is tried", "bulkhead.slot=a", old, fresh],
  ["never leaves the slot that is on trial", "bulkhead.slot=b bulkhead.trial", fresh, old],
])("[M11] a board that %s is started again three times for it, and no more", async (_, where, runs, needed) => {
  const armed = { slot: "b", digest: fresh } as const;
  await flash({ turn: "0", current: "a", trying: "b", tries: "iii" }, device(needed, { armed }));
  const seen: unknown[] = [];
  for (let starts = 0; starts < 5; starts += 1) {
    const { kept, bases } = await start(`${where} bulkhead.base=${runs}`);
    seen.push(await bases.follow(kept.now().current));
  }
  const again = { restart: expect.any(String) };
  const refused = { refused: expect.stringContaining("started again 3 times") };
  expect(seen).toEqual([again, again, again, refused, refused]);
});

test("[M11] a start of the board that cannot be counted is not made", async () => {
  const armed = { slot: "b", digest: fresh } as const;
  await flash({ turn: "0", current: "a", trying: "b", tries: "iii" }, device(fresh, { armed }));
  const { kept, bases } = await start(`bulkhead.slot=a bulkhead.base=${old}`);
  await rm(join(root, "state"), { recursive: true });
  await writeFile(join(root, "state"), "no directory");
  expect(await bases.follow(kept.now().current)).toMatchObject({
    unable: expect.stringContaining("cannot be changed"),
  });
});

test("[M11] the count of starts is over once a generation is in charge where it belongs", async () => {
  await flash({ turn: "0", current: "a" }, device(old, { restarts: 3, armed: { slot: "b", digest: fresh } }));
  const { kept, bases } = await start(`bulkhead.slot=a bulkhead.base=${old}`);
  expect(await bases.follow(kept.now().current)).toBe("here");
  expect(await readRecord(root)).toEqual(device(old, {}));
});

test("[M11] a release whose base system a slot holds already gets tries of its own, whatever was tried in it before", async () => {
  const bytes = Buffer.alloc(4096, "part");
  for (const part of ["boot", "root"]) await writeFile(place(part), bytes);
  const part = { digest: sha256(bytes), length: bytes.length };
  const release: Release = {
    ...{
      format: 1,
      name: "spec",
      version: "1.0.0",
      releaseCounter: 2,
      securityEpoch: 0,
      board: "virtual",
      builtAtMs: 0,
    },
    ...{ artifacts: [], system: plainSystem({ system: "spec" }) },
    baseSystem: { digest: fresh, parts: { boot: part, root: part } },
  };
  await flash({ turn: "0", current: "a" }, device(old, { armed: { slot: "b", digest: fresh }, restarts: 1 }));
  const { kept, bases } = await start(`bulkhead.slot=a bulkhead.base=${old}`);
  const base = await bases.take(release, root);
  expect(await bases.follow({ ...kept.now().current, ...(base && { base }) })).toMatchObject({
    restart: expect.stringContaining("slot b is tried"),
  });
});

test("[M11] asked for again, a slot that holds it and did not start gets no tries anew, and one that is filled anew no count of its own", async () => {
  const release = await endorsedFresh();
  const armed = { slot: "b", digest: fresh } as const;
  await flash({ turn: "0", current: "a" }, device(fresh, { armed, restarts: 3 }));
  const { kept, bases } = await start(`bulkhead.slot=a bulkhead.base=${old}`);
  await bases.take(release, root, true);
  expect(kept.now()).toMatchObject({ holds, restarts: 3 });
  await writeRecord(root, device(fresh, { armed, restarts: 3 }));
  const whole = await start(`bulkhead.slot=a bulkhead.base=${old}`);
  await whole.bases.take(release, root, true);
  expect(whole.kept.now()).toMatchObject({ armed, restarts: 3 });
  expect(await whole.bases.follow(whole.kept.now().current)).toMatchObject({ refused: expect.any(String) });
});

/** A release whose base system is `fresh`, its parts endorsed. */
async function endorsedFresh(): Promise<Release> {
  const bytes = Buffer.alloc(4096, "part");
  const part = { digest: sha256(bytes), length: bytes.length };
  await mkdir(place("base"), { recursive: true });
  await writeFile(join(place("base"), part.digest), bytes);
  for (const name of ["boot", "root"]) await writeFile(place(name), Buffer.alloc(8192, "before"));
  return { baseSystem: { digest: fresh, parts: { boot: part, root: part } } } as unknown as Release;
}

test("[M11] nothing is filled while the slot that runs is on trial: the other is what the board goes back to", async () => {
  const release = await endorsedFresh();
  await flash({ turn: "0", current: "b", trying: "a", tries: "i" }, device(old, { holds: { a: old } }));
  const { bases } = await start(`bulkhead.slot=a bulkhead.base=${old} bulkhead.trial`);
  await expect(bases.take(release, root)).rejects.toMatchObject({ code: "CONFLICT" });
  expect(await readFile(place("boot"))).toEqual(Buffer.alloc(8192, "before"));
});

test("[M11] before a slot is filled nothing has it tried, and nobody takes it for whole", async () => {
  const release = await endorsedFresh();
  const armed = { slot: "b", digest: fresh } as const;
  await flash({ turn: "0", current: "a", trying: "b", tries: "iii" }, device(old, { holds, armed }));
  const { slots, bases } = await start(`bulkhead.slot=a bulkhead.base=${old}`);
  // The first byte cannot be written: what is on the disk by then is what a cut would leave.
  await rm(place("boot"));
  await mkdir(place("boot"));
  await expect(bases.take(release, root)).rejects.toThrow();
  expect(await slots.read()).toMatchObject({ current: "a" });
  expect((await slots.read()).trying).toBeUndefined();
  expect(await readRecord(root)).toMatchObject({ holds: { a: old } });
  expect((await readRecord(root))?.holds?.b).toBeUndefined();
});

test("[M11] what the record calls whole is looked at: a slot that is damaged is filled anew, and not tried as it is", async () => {
  const release = await endorsedFresh();
  await flash({ turn: "0", current: "a" }, device(old, { holds }));
  const { slots, bases } = await start(`bulkhead.slot=a bulkhead.base=${old}`);
  const { baseSystem } = release;
  if (baseSystem === undefined) throw new Error("it has one");
  expect(await slots.otherHolds(baseSystem)).toBe(false);
  await bases.take(release, root);
  expect(await slots.otherHolds(baseSystem)).toBe(true);
});

test("[M11] a slot that cannot be noted as tried is not left to the boot script to try", async () => {
  await flash({ turn: "0", current: "a" }, device(fresh, {}));
  const { slots, kept, bases } = await start(`bulkhead.slot=a bulkhead.base=${old}`);
  await rm(join(root, "state"), { recursive: true });
  await writeFile(join(root, "state"), "no directory");
  expect(await bases.follow(kept.now().current)).toMatchObject({ unable: expect.any(String) });
  expect((await slots.read()).trying).toBeUndefined();
});

test("[M11] a release that names no base system needs the one that the current release named, and of a device that never had one the one that runs", async () => {
  const release = { baseSystem: undefined } as unknown as Release;
  await flash({ turn: "0", current: "a" }, device(old, {}));
  const named = await start(`bulkhead.slot=a bulkhead.base=${old}`);
  expect(await named.bases.take(release, root)).toEqual({ digest: old, named: true });
  // Started from the other slot, as the boot script does where the current one cannot be loaded: not what is there by chance.
  const other = await start(`bulkhead.slot=b bulkhead.base=${fresh}`);
  expect(await other.bases.take(release, root)).toEqual({ digest: old, named: true });
  await writeRecord(root, firstRecord("c".repeat(64), { releaseCounter: 1, securityEpoch: 0 }));
  const first = await start(`bulkhead.slot=a bulkhead.base=${old}`);
  expect(await first.bases.take(release, root)).toEqual({ digest: old, named: false });
});

test("[M11] one on trial that runs on what there is changes nothing of what the generation in charge needs", async () => {
  await flash({ turn: "0", current: "a" }, device(old, {}));
  const { kept, bases } = await start(`bulkhead.slot=b bulkhead.base=${fresh}`);
  const onTrial = { ...kept.now().current, generation: 2, base: { digest: "d".repeat(64), named: false } };
  expect(await bases.follow(onTrial)).toBe("here");
  expect((await readRecord(root))?.current.base).toEqual({ digest: old, named: true });
});

test("[M11] a slot is not the current one before the disk has the record of what is in charge on it", async () => {
  await flash({ turn: "0", current: "a", trying: "b", tries: "i" }, device(fresh, {}));
  const { slots, kept, bases } = await start(`bulkhead.slot=b bulkhead.base=${fresh} bulkhead.trial`);
  await rm(join(root, "state"), { recursive: true });
  await writeFile(join(root, "state"), "no directory");
  await bases.settle();
  expect([slots.isOnTrial(), (await slots.read()).current]).toEqual([true, "a"]);
  await rm(join(root, "state"));
  await mkdir(join(root, "state"));
  await bases.settle();
  expect([slots.isOnTrial(), (await slots.read()).current]).toEqual([false, "b"]);
  expect(await readRecord(root)).toEqual(kept.now());
});
