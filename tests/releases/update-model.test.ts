/**
 * The code's side of tests/models/update.pml: the same releases, the same events in random orders, the same properties, on the product's own ledger
 * and a real disk. What a cut leaves of a write that was under way is the power cuts' (tests/power-cut).
 */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BulkheadError, canonicalJson, type Release, sha256 } from "@bulkhead/protocol";
import { plainSystem } from "@bulkhead/protocol/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Device } from "../../runtime/src/device/index.ts";
import { installFactoryRelease } from "../../runtime/src/generations/install.ts";
import { type Ledger, openLedger } from "../../runtime/src/generations/ledger.ts";
import { type Choice, keptDigests, triesOfGeneration, whyBad } from "../../runtime/src/generations/record.ts";
import { readRecord } from "../../runtime/src/generations/slots.ts";
import { chooseOf } from "../../runtime/src/generations/testing/chosen.ts";

const make = (name: string, releaseCounter: number, securityEpoch: number, isSigned = true) => {
  const release: Release = {
    ...{
      format: 1,
      name,
      version: "1.0.0",
      board: "virtual",
      builtAtMs: 0,
      artifacts: [],
      releaseCounter,
      securityEpoch,
    },
    system: plainSystem({ system: "spec" }),
  };
  const text = canonicalJson(release);
  return { release, text, digest: sha256(text), isSigned, isGood: name !== "bad" };
};
/** As the model numbers them. */
const first = make("first", 1, 0);
const offers = [first, make("newer", 2, 1), make("bad", 3, 1), make("old-epoch", 2, 0), make("forged", 2, 1, false)];

const event = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      offer: fc.nat(offers.length - 1),
      rollbackFrom: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    }),
  },
  { weight: 3, arbitrary: fc.constant("verdict" as const) },
  { weight: 2, arbitrary: fc.constant("restart" as const) },
  { weight: 1, arbitrary: fc.constant("damage" as const) },
);
type Offer = { offer: number; rollbackFrom?: number | undefined };
type Event = Offer | "verdict" | "restart" | "damage";

test("[M11] [K2] whatever is offered, cut short or damaged, in whatever order: a device runs what was signed, of an epoch that never falls, and of a counter that falls by a statement alone, tries it three times at the most, and what was bad not again the same day", async () => {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-update-"));
  try {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 4, maxLength: 16 }), async (events) => {
        await live(join(directory, `${runs++}`), events);
      }),
      { numRuns: 40, examples: [[[{ offer: 1, rollbackFrom: undefined }, "verdict", "damage", "restart"]]] },
    );
  } finally {
    await rm(directory, { recursive: true });
  }
});

/** One device's life. */
async function live(root: string, events: readonly Event[]): Promise<void> {
  const device = await createDevice(root);
  await device.choose();
  for (const one of events) {
    if (!device.choice()) return;
    if (one === "restart") await device.restart();
    else if (one === "verdict") await judge(device);
    else if (one === "damage") await device.damage();
    else await offer(device, one);
    await device.checkDisk();
  }
}

type TestDevice = Awaited<ReturnType<typeof createDevice>>;

async function createDevice(root: string) {
  const [dataDir, endorsed] = [join(root, "data"), join(root, "endorsed")];
  await mkdir(join(dataDir, "releases"), { recursive: true });
  // The verifier endorses what was signed, and nothing else.
  for (const { digest, text } of offers.filter(({ isSigned }) => isSigned)) {
    await mkdir(join(endorsed, digest, "artifacts"), { recursive: true });
    await writeFile(join(endorsed, digest, "release.json"), text);
  }
  await installFactoryRelease(dataDir, first.release, dataDir);
  const open = (): Promise<Ledger> =>
    openLedger({
      ...{ config: { dataDir, board: "virtual" }, paths: { endorsed } },
      log: { line: () => undefined },
      slots: null,
    } as unknown as Device);

  const seen = { epoch: 0, tries: 0, trial: 0, isDamaged: false };
  let ledger = await open();
  let choice: Choice | undefined;

  function checkChoice({ run, onTrial }: Choice): void {
    const runs = offers.find(({ digest }) => digest === run.digest);
    expect(runs?.isSigned).toBe(true);
    expect(runs?.release.securityEpoch).toBeGreaterThanOrEqual(seen.epoch);
    expect(whyBad(ledger.record(), run.digest)).toBeUndefined();
    seen.tries = onTrial && run.generation === seen.trial ? seen.tries + 1 : 1;
    if (onTrial) seen.trial = run.generation;
    expect(seen.tries).toBeLessThanOrEqual(triesOfGeneration);
  }
  async function choose(): Promise<void> {
    choice = await chooseOf(ledger).catch((error: unknown) => {
      expect(error).toBeInstanceOf(BulkheadError);
      expect(seen.isDamaged).toBe(true);
      return undefined;
    });
    if (choice) checkChoice(choice);
  }

  return {
    choose,
    ledger: () => ledger,
    /** undefined: there is nothing left that may be started. */
    choice: () => choice,
    async commit(release: Release) {
      await ledger.commitTrial(release);
      if (choice) choice = { ...choice, onTrial: false };
    },
    async restart() {
      ledger = await open();
      await choose();
    },
    /** Once, and never what is on trial. */
    async damage() {
      if (!choice || choice.onTrial || seen.isDamaged) return;
      seen.isDamaged = true;
      await writeFile(join(dataDir, "releases", choice.run.digest, "release.json"), "damaged");
    },
    async checkDisk() {
      const record = await readRecord(dataDir);
      expect(record).toEqual(ledger.record());
      seen.epoch = Math.max(seen.epoch, record?.securityEpochFloor ?? 0);
      expect(record?.securityEpochFloor).toBe(seen.epoch);
      for (const digest of record ? keptDigests(record) : []) {
        expect(existsSync(join(dataDir, "releases", digest, "release.json"))).toBe(true);
      }
    },
  };
}

/** As the root server ends a trial: the bad one is never ready, or takes the runtime with it, which is a restart. */
async function judge(device: TestDevice): Promise<void> {
  const { run, onTrial } = device.choice() ?? {};
  const judged = offers.find(({ digest }) => digest === run?.digest);
  if (!onTrial || !judged) return;
  if (judged.isGood) {
    await device.commit(judged.release);
    return;
  }
  await device.ledger().rollBackTrial("it is the bad one");
  await device.choose();
}

/** As runtime/src/generations/activation.ts asks. */
async function offer(device: TestDevice, { offer: at, rollbackFrom }: Offer): Promise<void> {
  const ledger = device.ledger();
  const { digest = "", release } = offers[at] ?? {};
  const { trying, current, releaseCounterFloor: floor } = ledger.record();
  if (trying || current.digest === digest) return;
  const isRefused = await ledger.admit(digest, { rollbackFrom }).then(
    () => false,
    (error: unknown) => error instanceof BulkheadError,
  );
  expect(isRefused).toBe(ledger.record().trying === null);
  if (isRefused) return;
  // Up, or beside what runs, or as far down as the release keys have said.
  const { releaseCounter = 0 } = release ?? {};
  if (releaseCounter <= floor && releaseCounter !== current.releaseCounter)
    expect(rollbackFrom).toBeGreaterThanOrEqual(floor);
  await device.choose();
}
