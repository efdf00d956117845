/**
 * The device's record in use: every change is on the disk before anybody acts upon it, so that a power cut at any moment
 * leaves a device that starts the old or the new. A disk that takes nothing stops changes, and nothing that runs.
 */
import { join } from "node:path";
import {
  type Aged,
  type BaseStatus,
  BulkheadError,
  type InstalledRelease,
  isForward,
  type Release,
} from "@bulkhead/protocol";
import { type Device, lackingPrimitives } from "../device/index.ts";
import { openBaseSystems } from "./base/base-systems.ts";
import { type Chosen, createChooser, type Leave } from "./choosing.ts";
import { collectGarbage, installRelease, mendInstalled, readInstalled } from "./install.ts";
import { keepRecord } from "./kept-record.ts";
import { noteMended } from "./mended.ts";
import {
  beginTrial,
  type Choice,
  commit,
  dateAnew,
  fallBack,
  type GenerationRecord,
  keptDigests,
  rollBack,
  whyNotYet,
} from "./record.ts";
import { readRecord } from "./slots.ts";

export type Ledger = {
  record(): GenerationRecord;
  /**
   * What to start now; its release is intact. Skips what is not, and a trial that cannot be counted. Where there is nothing to skip to,
   * what is left of the current one: its document, and of its artifacts those that are intact. Throws where not even that is.
   */
  choose(): Promise<Chosen | Leave>;
  /** Another is to be chosen in the place of this one. Throws `error` where there is no other. */
  giveUp(choice: Choice, error: unknown): Promise<void>;
  /**
   * The previous generation becomes current for `reason`, outside of a trial. Returns why that cannot be, or null; throws
   * RELEASE_ARTIFACT_ALTERED where it is damaged.
   */
  goBack(reason: string): Promise<string | null>;
  /**
   * `shown`: paths of which running components have something mounted; what they show of a release stays. `isAwaited`: another release was endorsed
   * meanwhile, which may need what is not needed otherwise; the next commit clears that away.
   */
  commitTrial(release: Release, shown?: readonly string[], isAwaited?: boolean): Promise<void>;
  rollBackTrial(reason: string): Promise<void>;
  /**
   * Installs an endorsed release and puts it on trial. Throws with what is wrong with it; the verifier has judged all of
   * this, and what is cheap is judged twice. `shown`: as above; `rollbackFrom`: of its rollback statement, as the verifier has read it.
   */
  admit(
    digest: string,
    more?: { readonly shown?: readonly string[]; readonly rollbackFrom?: number | undefined },
  ): Promise<void>;
  /**
   * Brings back what is damaged of the current generation from its endorsed release, its base system too. It is to be stopped and chosen
   * again then: the record says what became of it. `again`: the slots get no tries anew. Throws what is wrong with what was endorsed.
   */
  mend(again?: boolean): Promise<void>;
  /** The board's slots as the state shows them; undefined where it has none. */
  base(): BaseStatus | undefined;
  /** All is well for a while: a slot on trial is the current one, where no generation is. */
  settle(): Promise<void>;
};

/** Opens the record of `device`. Throws STATE_DAMAGED where it has none. */
export async function openLedger({ config, paths, log, slots }: Device): Promise<Ledger> {
  const { dataDir, board } = config;
  const kept = keepRecord(dataDir, await loadRecord(dataDir), log.line);
  const bases = openBaseSystems(slots, kept, log.line);
  const { choose, giveUp, whyNotPrevious } = createChooser(dataDir, kept, bases, log.line);

  // One after the other: each changes the record that it has read.
  let last: Promise<unknown> = Promise.resolve();
  function inTurn<Given extends unknown[], T>(work: (...given: Given) => Promise<T>): (...given: Given) => Promise<T> {
    return (...given) => {
      const done = last.then(() => work(...given));
      last = done.catch(() => undefined);
      return done;
    };
  }

  return {
    record: kept.now,
    giveUp: inTurn(giveUp),
    choose: inTurn(choose),

    goBack: inTurn(async (reason) => {
      const refusal = await whyNotPrevious();
      const next = fallBack(kept.now(), reason, Date.now());
      if (refusal !== null || !next) return refusal ?? "there is none";
      await kept.write(next);
      return null;
    }),

    commitTrial: inTurn(async (release, shown = [], isAwaited = false) => {
      // What the record on the disk may still need is not garbage.
      if (!(await kept.adopt(commit(kept.now(), release)))) return;
      // In this order: the slot follows, and a cut between the two finds a generation in charge whose slot is still on trial.
      await bases.settle();
      if (!isAwaited) await removeUnneeded(shown);
    }),

    rollBackTrial: inTurn(async (reason) => {
      await kept.adopt(rollBack(kept.now(), reason, Date.now()));
    }),

    admit: inTurn(async (digest, { shown = [], rollbackFrom } = {}) => {
      if (kept.now().trying) throw new BulkheadError("CONFLICT", "another generation is on trial");
      const nowMs = Date.now();
      const record = dateAnew(kept.now(), nowMs);
      if (record !== kept.now()) await kept.adopt(record);
      const refusal = whyNotYet(record, digest, nowMs);
      if (refusal) throw new BulkheadError("RELEASE_FAILED_TO_START", refusal);
      const isUsed = usedOf(shown).some((path) => path.startsWith(`releases/${digest}/`));
      const release = await installRelease(dataDir, join(paths.endorsed, digest), isUsed);
      checkBoard(release, board);
      checkEpoch(release, record);
      if ((await runningBase(record)) !== baseOf(release, digest)) checkCounter({ ...release, rollbackFrom }, record);
      await checkPrimitives(release);
      const base = await bases.take(release, join(paths.endorsed, digest));
      await kept.write(beginTrial(kept.now(), digest, release, base));
    }),

    mend: inTurn(async (again = false) => {
      const { digest } = kept.now().current;
      const endorsed = join(paths.endorsed, digest);
      const release = await mendInstalled(dataDir, digest, endorsed);
      await bases.take(release, endorsed, again);
      await kept.adopt(noteMended(kept.now()));
    }),

    base: bases.status,
    settle: inTurn(async () => {
      if (kept.now().trying === null) await bases.settle();
    }),
  };

  /** Of what is current; itself where that is damaged, and nothing is known of what it was put on. */
  async function runningBase({ current: { digest } }: GenerationRecord): Promise<string> {
    const release = await readInstalled(dataDir, digest).catch(() => undefined);
    return release ? baseOf(release, digest) : digest;
  }

  /** Below `dataDir`. */
  function usedOf(shown: readonly string[]): string[] {
    const place = `${paths.shownData}/`;
    return shown.filter((path) => path.startsWith(place)).map((path) => path.slice(place.length));
  }

  async function removeUnneeded(shown: readonly string[]): Promise<void> {
    await collectGarbage(dataDir, keptDigests(kept.now()), usedOf(shown)).catch((error: Error) =>
      log.line(`releases that are not needed any more cannot be removed: ${error.message}`),
    );
  }
}

async function loadRecord(dataDir: string): Promise<GenerationRecord> {
  const record = await readRecord(dataDir);
  if (record) return record;
  throw new BulkheadError("STATE_DAMAGED", `${dataDir} holds no device: no release was ever installed`, {
    remedy: "flash the device",
  });
}

async function checkPrimitives({ system }: Release): Promise<void> {
  const lacking = await lackingPrimitives(system.requires ?? []);
  if (lacking.length === 0) return;
  throw new BulkheadError(
    "RELEASE_PRIMITIVE_LACKING",
    `it requires ${lacking.join(" and ")}, which this device does not have`,
  );
}

function checkBoard(release: Release, board: string): void {
  if (release.board === board) return;
  throw new BulkheadError("RELEASE_WRONG_BOARD", `it was built for ${release.board}, this is ${board}`);
}

function checkEpoch({ securityEpoch }: Release, { securityEpochFloor: floor }: GenerationRecord): void {
  if (securityEpoch >= floor) return;
  throw new BulkheadError("RELEASE_ROLLBACK", `its security epoch is ${securityEpoch}, below ${floor}`);
}

/** Of any but the release that runs, alone or with something put on it: that is no way back, wherever it stands. */
function checkCounter(release: Aged, { releaseCounterFloor: floor }: GenerationRecord): void {
  if (isForward(release, floor)) return;
  const counters = `${release.releaseCounter}, and ${floor} was committed`;
  throw new BulkheadError("RELEASE_ROLLBACK", `its release counter is ${counters}`);
}

/** The release as it was signed. */
const baseOf = ({ overlay }: InstalledRelease, digest: string): string => overlay?.base ?? digest;
