/** Which generation is started next: the one that the record says, where it is intact and this start of the board can run it; else what takes its place. */
import { BulkheadError, type InstalledRelease, reportError } from "@bulkhead/protocol";
import type { BaseSystems } from "./base/base-systems.ts";
import { readIntactPart, verifyInstalled } from "./install.ts";
import type { KeptRecord } from "./kept-record.ts";
import { judgeMended } from "./mended.ts";
import {
  assignUids,
  type Choice,
  chooseGeneration,
  fallBack,
  type GenerationRecord,
  pinnedAfter,
  putOff,
  rollBack,
} from "./record.ts";

export type Chosen = Choice & {
  readonly release: InstalledRelease;
  /** Why only core servers and the agent may run. */
  readonly held?: string;
  /** Artifacts of what stays pinned if this one is committed, where all of them are intact. Absent where it is held. */
  readonly pinnedArtifacts?: readonly string[];
};

/** The board has to start again, for this reason; what that needs is on the disk. */
export type Leave = { readonly restart: string };

export type Chooser = {
  choose(): Promise<Chosen | Leave>;
  giveUp(choice: Choice, error: unknown): Promise<void>;
  /** Null where the previous generation can take over. Throws RELEASE_ARTIFACT_ALTERED where it is damaged. */
  whyNotPrevious(): Promise<string | null>;
};

export function createChooser(
  dataDir: string,
  kept: KeptRecord,
  bases: BaseSystems,
  log: (text: string) => void,
): Chooser {
  /** A try has to be counted before it begins: a release that takes the runtime down could be tried for ever else. */
  async function take(): Promise<Choice> {
    const choice = chooseGeneration(kept.now(), Date.now());
    if (choice.record === kept.now()) return choice;
    try {
      await kept.write(choice.record);
      return choice;
    } catch (error) {
      const reason = `the record cannot be written: ${(error as Error).message}`;
      if (choice.onTrial) log(`generation ${choice.run.generation} is not tried: ${reason}`);
      await kept.adopt(choice.onTrial ? putOff(kept.now(), reason) : choice.record);
      return chooseGeneration(kept.now(), Date.now());
    }
  }

  const note = async (next: GenerationRecord) => void (next !== kept.now() && (await kept.adopt(next)));

  async function giveUp({ run, onTrial }: Choice, error: unknown): Promise<void> {
    const { message } = reportError(error);
    const record = kept.now();
    const next = onTrial ? rollBack(record, message, Date.now()) : fallBack(record, message, Date.now());
    if (!next) throw error;
    log(`generation ${run.generation} is given up: ${message}`);
    await kept.adopt(next);
  }

  /** Throws RELEASE_ARTIFACT_ALTERED where it is damaged. */
  async function whyNotPrevious(): Promise<string | null> {
    const { previous, securityEpochFloor } = kept.now();
    if (!previous) return "there is none";
    const lacking = bases.lacks(previous);
    if (lacking !== null) return lacking;
    const { securityEpoch } = await verifyInstalled(dataDir, previous.digest);
    return securityEpoch < securityEpochFloor
      ? `its security epoch ${securityEpoch} is below ${securityEpochFloor}`
      : null;
  }

  /** Of a damaged release that nothing can take the place of, what may run all the same; null where the previous one can. */
  async function holdBack(choice: Choice, error: unknown): Promise<Chosen | null> {
    const refusal = await whyNotPrevious().catch((cause: unknown) => reportError(cause).message);
    if (refusal === null) return null;
    return hold(
      choice,
      `${reportError(error).message}; the release before it cannot take its place: ${refusal}`,
      error,
    );
  }

  async function hold(choice: Choice, held: string, error: unknown): Promise<Chosen> {
    const release = await readIntactPart(dataDir, choice.run.digest);
    // Never below the security epoch, whatever becomes of the device.
    if (!release) throw error;
    log(`generation ${choice.run.generation} is held but for core servers and the agent: ${held}`);
    await note(judgeMended(kept.now(), choice.run.generation, held));
    return { ...choice, release, held };
  }

  /** It is not condemned for what is not its own fault. Null where another is to be chosen. */
  async function wait(choice: Choice, reason: string): Promise<Chosen | null> {
    if (!choice.onTrial) return hold(choice, reason, new BulkheadError("BASE_SYSTEM_FAILED", reason));
    log(`generation ${choice.run.generation} is not tried: ${reason}`);
    await kept.adopt(putOff(kept.now(), reason));
    return null;
  }

  /** Null where another is to be chosen in its place. */
  async function look(choice: Choice): Promise<Chosen | null> {
    try {
      const release = await verifyInstalled(dataDir, choice.run.digest);
      await note(judgeMended(assignUids(kept.now(), release.system.startOrder), choice.run.generation));
      return { ...choice, release, pinnedArtifacts: await pinnedArtifacts(choice, release) };
    } catch (error) {
      return replace(choice, error);
    }
  }

  /** Of one that is damaged nothing: it is exchanged as a whole, and what is to come of it then must not lie in it alone. */
  async function pinnedArtifacts({ run, onTrial }: Choice, release: InstalledRelease): Promise<string[]> {
    const pinned = onTrial ? pinnedAfter(kept.now(), run, release) : kept.now().pinned;
    if (pinned === undefined || pinned.digest === run.digest) return [];
    const whole = await verifyInstalled(dataDir, pinned.digest).catch(() => undefined);
    return (whole?.artifacts ?? []).map((artifact) => artifact.digest);
  }

  async function replace(choice: Choice, error: unknown): Promise<Chosen | null> {
    const held = choice.onTrial ? null : await holdBack(choice, error);
    if (!held) await giveUp(choice, error);
    return held;
  }

  /** Null where another is to be chosen. No try is taken of a generation that this start of the board cannot run. */
  async function chooseOne(): Promise<Chosen | Leave | null> {
    const next = chooseGeneration(kept.now(), Date.now());
    // Its tries are used up.
    if (next.record !== kept.now() && !next.onTrial) await kept.adopt(next.record);
    const where = await bases.follow(next.run);
    if (where !== "here" && "restart" in where) return where;
    if (where !== "here" && "unable" in where) return wait(next, where.unable);
    const choice = await take();
    if (choice.run.generation !== next.run.generation) return null;
    return where === "here" ? look(choice) : replace(choice, new BulkheadError("BASE_SYSTEM_FAILED", where.refused));
  }

  return {
    giveUp,
    whyNotPrevious,
    async choose() {
      for (;;) {
        const chosen = await chooseOne();
        if (chosen) return chosen;
      }
    },
  };
}
