/**
 * The device's record in use: every change is on the disk before anybody acts upon it, so that a power cut at any moment
 * leaves a device that starts the old or the new. A disk that takes nothing stops changes, and nothing that runs.
 */
import { join } from "node:path";
import { BulkheadError, type InstalledRelease, type Release, reportError } from "@bulkhead/protocol";
import { type Device, lackingPrimitives } from "../device/index.ts";
import { collectGarbage, installRelease, readIntactPart, verifyInstalled } from "./install.ts";
import { keepRecord } from "./kept-record.ts";
import {
  assignUids,
  beginTrial,
  type Choice,
  chooseGeneration,
  commit,
  dateAnew,
  fallBack,
  type GenerationRecord,
  keptDigests,
  putOff,
  rollBack,
  whyNotYet,
} from "./record.ts";
import { readRecord } from "./slots.ts";

export type Chosen = Choice & {
  readonly release: InstalledRelease;
  /** Why only core servers and the agent may run. */
  readonly held?: string;
};

export type Ledger = {
  record(): GenerationRecord;
  /**
   * What to start now; its release is intact. Skips what is not, and a trial that cannot be counted. Where there is nothing to skip to,
   * what is left of the current one: its document, and of its artifacts those that are intact. Throws where not even that is.
   */
  choose(): Promise<Chosen>;
  /** Another is to be chosen in the place of this one. Throws `error` where there is no other. */
  giveUp(choice: Choice, error: unknown): Promise<void>;
  /**
   * The previous generation becomes current for `reason`, outside of a trial. Returns why that cannot be, or null; throws
   * RELEASE_ARTIFACT_ALTERED where it is damaged.
   */
  goBack(reason: string): Promise<string | null>;
  /** `shown`: paths of which running components have something mounted; what they show of a release stays. */
  commitTrial(release: Release, shown?: readonly string[]): Promise<void>;
  rollBackTrial(reason: string): Promise<void>;
  /**
   * Installs an endorsed release and puts it on trial. Throws with what is wrong with it; the verifier has judged all of
   * this, and what is cheap is judged twice. `shown`: as above.
   */
  admit(digest: string, shown?: readonly string[]): Promise<void>;
};

/** Opens the record of `device`. Throws STATE_DAMAGED where it has none. */
export async function openLedger({ config, paths, log }: Device): Promise<Ledger> {
  const { dataDir, board } = config;
  const kept = keepRecord(dataDir, await loadRecord(dataDir), log.line);

  /** A try has to be counted before it begins: a release that takes the runtime down could be tried for ever else. */
  async function take(): Promise<Choice> {
    const choice = chooseGeneration(kept.now(), Date.now());
    if (choice.record === kept.now()) return choice;
    try {
      await kept.write(choice.record);
      return choice;
    } catch (error) {
      const reason = `the record cannot be written: ${(error as Error).message}`;
      if (choice.onTrial) log.line(`generation ${choice.run.generation} is not tried: ${reason}`);
      await kept.adopt(choice.onTrial ? putOff(kept.now(), reason) : choice.record);
      return chooseGeneration(kept.now(), Date.now());
    }
  }

  async function giveUp({ run, onTrial }: Choice, error: unknown): Promise<void> {
    const { message } = reportError(error);
    const record = kept.now();
    const next = onTrial ? rollBack(record, message, Date.now()) : fallBack(record, message, Date.now());
    if (!next) throw error;
    log.line(`generation ${run.generation} is given up: ${message}`);
    await kept.adopt(next);
  }

  /** Throws RELEASE_ARTIFACT_ALTERED where it is damaged. */
  async function whyNotPrevious(): Promise<string | null> {
    const { previous, securityEpochFloor } = kept.now();
    if (!previous) return "there is none";
    const { securityEpoch } = await verifyInstalled(dataDir, previous.digest);
    return securityEpoch < securityEpochFloor
      ? `its security epoch ${securityEpoch} is below ${securityEpochFloor}`
      : null;
  }

  /** Of a damaged release that nothing can take the place of, what may run all the same; null where the previous one can. */
  async function holdBack(choice: Choice, error: unknown): Promise<Chosen | null> {
    const refusal = await whyNotPrevious().catch((cause: unknown) => reportError(cause).message);
    if (refusal === null) return null;
    const release = await readIntactPart(dataDir, choice.run.digest);
    // Never below the security epoch, whatever becomes of the device.
    if (!release) throw error;
    const held = `${reportError(error).message}; the release before it cannot take its place: ${refusal}`;
    log.line(`generation ${choice.run.generation} is held but for core servers and the agent: ${held}`);
    return { ...choice, release, held };
  }

  /** Null where another is to be chosen in its place. */
  async function look(choice: Choice): Promise<Chosen | null> {
    try {
      const release = await verifyInstalled(dataDir, choice.run.digest);
      const numbered = assignUids(kept.now(), release.system.startOrder);
      if (numbered !== kept.now()) await kept.adopt(numbered);
      return { ...choice, release };
    } catch (error) {
      const held = choice.onTrial ? null : await holdBack(choice, error);
      if (!held) await giveUp(choice, error);
      return held;
    }
  }

  return {
    record: kept.now,
    giveUp,

    async choose() {
      for (;;) {
        const chosen = await look(await take());
        if (chosen) return chosen;
      }
    },

    async goBack(reason) {
      const refusal = await whyNotPrevious();
      const next = fallBack(kept.now(), reason, Date.now());
      if (refusal !== null || !next) return refusal ?? "there is none";
      await kept.write(next);
      return null;
    },

    async commitTrial(release, shown = []) {
      // What the record on the disk may still need is not garbage.
      if (await kept.adopt(commit(kept.now(), release))) await removeUnneeded(shown);
    },

    async rollBackTrial(reason) {
      await kept.adopt(rollBack(kept.now(), reason, Date.now()));
    },

    async admit(digest, shown = []) {
      if (kept.now().trying) throw new BulkheadError("CONFLICT", "another generation is on trial");
      const nowMs = Date.now();
      const record = dateAnew(kept.now(), nowMs);
      if (record !== kept.now()) await kept.adopt(record);
      const refusal = whyNotYet(record, digest, nowMs);
      if (refusal) throw new BulkheadError("RELEASE_FAILED_TO_START", refusal);
      const isUsed = usedOf(shown).some((path) => path.startsWith(`releases/${digest}/`));
      const release = await installRelease(dataDir, join(paths.endorsed, digest), isUsed);
      checkRelease(release, record, board);
      await checkPrimitives(release);
      await kept.write(beginTrial(record, digest, release));
    },
  };

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

function checkRelease(release: Release, record: GenerationRecord, board: string): void {
  if (release.board !== board) {
    throw new BulkheadError("RELEASE_WRONG_BOARD", `it was built for ${release.board}, this is ${board}`);
  }
  if (release.releaseCounter < record.releaseCounterFloor) {
    const counters = `${release.releaseCounter}, below ${record.releaseCounterFloor}`;
    throw new BulkheadError("RELEASE_ROLLBACK", `its release counter is ${counters}`);
  }
  if (release.securityEpoch < record.securityEpochFloor) {
    const epochs = `${release.securityEpoch}, below ${record.securityEpochFloor}`;
    throw new BulkheadError("RELEASE_ROLLBACK", `its security epoch is ${epochs}`);
  }
}
