/** The verifier without its process: judges what is staged, endorses it, and passes on what may change the device. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { CommandEnvelope, ToCoreServer, ToRoot } from "@bulkhead/protocol";
import type { Log, Verdict } from "@bulkhead/sdk";
import { syncDirectory } from "../generations/durable.ts";
import { createChallenges } from "./challenges.ts";
import { openFloorClock } from "./clock-floor.ts";
import { createCommandAuthority } from "./command-authority.ts";
import { openCommandGate, refusal } from "./command-gate.ts";
import type { VerifierConfig, VerifierDirectories } from "./config.ts";
import { endorseRelease, forgetBase, forgetUnfinished, makeWay, roomFor } from "./endorse.ts";
import type { Asked } from "./judge.ts";
import { type Judged, judgeAsked } from "./judge-asked.ts";
import { refreshMetadata } from "./metadata.ts";
import { openMetadataStore } from "./metadata-store.ts";
import { createAdmit, createUnwrap, type Opening } from "./opening.ts";
import { openOverlayFloors } from "./overlay-floors.ts";
import { type Endorsed, openPending } from "./pending.ts";
import { createQueue } from "./queue.ts";
import { createRefusalLog } from "./refusal-log.ts";
import { checkRootKeys } from "./trusted-keys.ts";

export type GatePorts = {
  readonly directories: VerifierDirectories;
  readonly config: VerifierConfig;
  readonly log: Pick<Log, "info" | "warn">;
  readonly tellRoot: <K extends "activate" | "restart" | "verify" | "trace">(kind: K, body: ToRoot[K]) => void;
  /** The key store, which opens what is encrypted. Without it nothing is. */
  readonly opening?: Opening;
  /** Default: the host's clock. */
  readonly hostNow?: () => number;
  /** What the age of challenges is counted by. Default: the time since the host's start, suspension included. */
  readonly uptimeMs?: () => number;
};

type Missing = { digest: string; length: number };
export type Gate = {
  examine(asked: Asked): Promise<{ verdict: Verdict; missing: Missing[]; roomBytes: number }>;
  install(asked: Asked): Promise<Verdict>;
  command(envelope: CommandEnvelope): Promise<Verdict>;
  /** What became of a generation, as the root server says. */
  heard(outcome: ToCoreServer["generation"]): Promise<void>;
};

/** Opens the gate over its directories. Throws KEY_WEAK and RELEASE_METADATA_INVALID for a pinned root it cannot trust. */
export async function openGate(ports: GatePorts): Promise<Gate> {
  const { directories, config, log, tellRoot } = ports;
  checkRootKeys(config.provisioning.tufRoot);
  await mkdir(directories.own, { recursive: true, mode: 0o700 });
  const store = await openMetadataStore(join(directories.own, "tuf"), config.provisioning.tufRoot);
  // Whoever wrote here may have been killed before its names were safe; what is read now is acted upon.
  await syncDirectory(directories.own);
  for (const damage of store.damaged) log.warn(`${damage}; an older one is used`);
  const clock = await openFloorClock(directories.own, config.currentReleaseBuiltAtMs, ports.hostNow);
  const commands = await openCommandGate({
    ...{ directory: directories.own, config, now: clock.now },
    authority: createCommandAuthority(createChallenges(ports.uptimeMs), store.targets, clock.now),
    act: ([kind, body]) => tellRoot(kind, body as never),
    admit: createAdmit(ports.opening, config),
  });
  const noteRefusal = createRefusalLog(log.warn);
  if (config.unsignedCommands) {
    log.warn("COMMANDS NEED NO SIGNATURE HERE: the policy of this board waives an operator's, as for development");
  }
  const floors = await openOverlayFloors(directories.own, (damage) => log.warn(damage));
  const pending = await openPending(directories.own, (damage) => log.warn(damage));
  for (const left of pending.left) tellRoot("activate", { ...left, again: true });
  await forgetUnfinished(directories).catch((error: Error) =>
    log.warn(`what was not endorsed stays: ${error.message}`),
  );
  // One judgement at a time: two would write the same directories.
  const queue = createQueue(8);
  const unwrap = createUnwrap(ports.opening);
  const judge = (asked: Asked) =>
    judgeAsked(asked, { store, clock, config, floors, unwrap, staging: directories.staging });

  /**
   * Whose signatures count may have changed; where nothing newer can be had, what is trusted already goes on. Returns why not: only for want of room, where a command could
   * not be remembered either, and whoever asks must not look for another reason.
   */
  async function learnOperators(): Promise<Verdict | undefined> {
    try {
      await refreshMetadata(store, join(directories.staging, "metadata"), clock);
      return undefined;
    } catch (error) {
      const verdict = refusal(error);
      noteRefusal(verdict.code, "newer metadata", verdict.message);
      return verdict.code === "STORAGE_FULL" ? verdict : undefined;
    }
  }

  async function command(envelope: CommandEnvelope): Promise<Verdict> {
    const objection = envelope.command.kind === "challenge" ? await learnOperators() : undefined;
    if (objection) return objection;
    const verdict = await commands.judge(envelope);
    if (!verdict.accepted)
      noteRefusal(verdict.code, `command ${envelope.command.kind} ${envelope.id}`, verdict.message);
    return verdict;
  }

  const refuse = (asked: Asked, error: unknown): Verdict => {
    const verdict = refusal(error);
    log.warn(`refused ${nameOf(asked)}: ${verdict.code}: ${verdict.message}`);
    return verdict;
  };

  return {
    examine: (asked) =>
      queue.ask(async () => {
        try {
          const { release, digest, stored } = await judge(asked);
          const way = await makeWay(release, digest, config, directories, pending.unheard());
          const missing = way.missing.map((artifact) => stored.get(artifact.digest) ?? artifact);
          const roomBytes = roomFor(release, way.missing);
          return { verdict: accepted(`${nameOf(asked)} is signed for this device`), missing, roomBytes };
        } catch (error) {
          return { verdict: refuse(asked, error), missing: [], roomBytes: 0 };
        }
      }),
    install: (asked) =>
      queue.ask(async () => {
        let judged: Judged;
        try {
          judged = await judge(asked);
          const sealed = { stored: judged.stored, unwrap };
          await endorseRelease(judged.release, judged.digest, config, directories, sealed, pending.unheard());
          await clock.raise(judged.release.builtAtMs);
          await pending.note(activationOf(judged));
        } catch (error) {
          return refuse(asked, error);
        }
        const { digest } = judged;
        log.info(`endorsed ${nameOf(asked)}`, { releaseDigest: asked.releaseDigest, effectiveDigest: digest });
        tellRoot("activate", activationOf(judged));
        return accepted(`${nameOf(asked)} is endorsed and being activated`);
      }),
    command: (envelope) => queue.ask(() => command(envelope)),
    // In its turn: what is judged after it is held to it.
    heard: ({ releaseDigest, outcome }) =>
      queue.always(async () => {
        const { currentOverlay } = config;
        await pending.settle(releaseDigest, async () => {
          if (outcome !== "committed") return;
          // First of all, on a disk that may be full.
          await forgetBase(directories, releaseDigest);
          if (currentOverlay?.effectiveDigest === releaseDigest) await floors.raise(currentOverlay);
        });
      }),
  };
}

const activationOf = ({ digest, rollbackFrom }: Judged): Endorsed => ({
  releaseDigest: digest,
  ...(rollbackFrom !== undefined && { rollbackFrom }),
});
const nameOf = ({ target, overlay }: Asked): string => (overlay ? `${target} with ${overlay.target}` : target);
const accepted = (message: string): Verdict => ({ accepted: true, code: null, message });
