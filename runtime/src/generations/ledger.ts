/**
 * The device's record in use: every change is on the disk before anybody acts upon it, so that a power cut at any moment
 * leaves a device that starts the old or the new.
 */
import { join } from "node:path";
import { BulkheadError, type Release, reportError } from "@bulkhead/protocol";
import type { Device } from "../device/index.ts";
import { collectGarbage, installRelease, verifyInstalled } from "./install.ts";
import {
  assignUids,
  beginTrial,
  type Choice,
  chooseGeneration,
  commit,
  fallBack,
  type GenerationRecord,
  keptDigests,
  rollBack,
  whyBad,
} from "./record.ts";
import { readRecord, writeRecord } from "./slots.ts";

export type Ledger = {
  record(): GenerationRecord;
  /** What to start now; its release is intact. Skips what is not. Throws where nothing is left to start. */
  choose(): Promise<Choice>;
  /** Another is to be chosen in the place of this one. Throws `error` where there is no other. */
  giveUp(choice: Choice, error: unknown): Promise<void>;
  /**
   * The previous generation becomes current for `reason`, outside of a trial. Returns why that cannot be, or null; throws
   * RELEASE_ARTIFACT_ALTERED where it is damaged.
   */
  goBack(reason: string): Promise<string | null>;
  commitTrial(release: Release): Promise<void>;
  rollBackTrial(reason: string): Promise<void>;
  /**
   * Installs an endorsed release and puts it on trial. Throws with what is wrong with it; the verifier has judged all of
   * this, and what is cheap is judged twice.
   */
  admit(digest: string): Promise<void>;
};

/** Opens the record of `device`. Throws STATE_DAMAGED where it has none. */
export async function openLedger({ config, paths, log }: Device): Promise<Ledger> {
  const { dataDir, board } = config;
  let record = await loadRecord(dataDir);

  async function save(next: GenerationRecord): Promise<void> {
    await writeRecord(dataDir, next);
    record = next;
  }

  async function giveUp({ run, onTrial }: Choice, error: unknown): Promise<void> {
    const { message } = reportError(error);
    const next = onTrial ? rollBack(record, message, Date.now()) : fallBack(record, message, Date.now());
    if (!next) throw error;
    log.line(`generation ${run.generation} is given up: ${message}`);
    await save(next);
  }

  return {
    record: () => record,
    giveUp,

    async choose() {
      for (;;) {
        const choice = chooseGeneration(record, Date.now());
        await save(choice.record);
        try {
          const release = await verifyInstalled(dataDir, choice.run.digest);
          await save(assignUids(record, release.system.startOrder));
          return choice;
        } catch (error) {
          await giveUp(choice, error);
        }
      }
    },

    async goBack(reason) {
      const { previous, securityEpochFloor } = record;
      const next = fallBack(record, reason, Date.now());
      if (!previous || !next) return "there is none";
      const { securityEpoch } = await verifyInstalled(dataDir, previous.digest);
      if (securityEpoch < securityEpochFloor)
        return `its security epoch ${securityEpoch} is below ${securityEpochFloor}`;
      await save(next);
      return null;
    },

    async commitTrial(release) {
      await save(commit(record, release));
      await collectGarbage(dataDir, keptDigests(record));
    },

    rollBackTrial: (reason) => save(rollBack(record, reason, Date.now())),

    async admit(digest) {
      if (record.trying) throw new BulkheadError("CONFLICT", "another generation is on trial");
      const bad = whyBad(record, digest);
      if (bad) throw new BulkheadError("RELEASE_FAILED_TO_START", `it was tried before: ${bad}`);
      const release = await installRelease(dataDir, join(paths.endorsed, digest));
      checkRelease(release, record, board);
      await save(beginTrial(record, digest, release));
    },
  };
}

async function loadRecord(dataDir: string): Promise<GenerationRecord> {
  const record = await readRecord(dataDir);
  if (record) return record;
  throw new BulkheadError("STATE_DAMAGED", `${dataDir} holds no device: no release was ever installed`, {
    remedy: "flash the device",
  });
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
