/** The verifier without its process: judges what is staged, endorses it, and passes on what may change the device. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, type CommandEnvelope, type Release, type ToRoot } from "@bulkhead/protocol";
import type { Log, Verdict } from "@bulkhead/sdk";
import { syncDirectory } from "../generations/durable.ts";
import { openFloorClock } from "./clock-floor.ts";
import { openCommandGate, refusal } from "./command-gate.ts";
import type { VerifierConfig, VerifierDirectories } from "./config.ts";
import { endorseRelease, missingArtifacts } from "./endorse.ts";
import { type Asked, checkAsked, judgeRelease, maxReleaseBytes } from "./judge.ts";
import { refreshMetadata } from "./metadata.ts";
import { openMetadataStore } from "./metadata-store.ts";
import { createQueue } from "./queue.ts";
import { readStaged } from "./staged-file.ts";
import { checkRootKeys } from "./trusted-keys.ts";

export type GatePorts = {
  readonly directories: VerifierDirectories;
  readonly config: VerifierConfig;
  readonly log: Pick<Log, "info" | "warn">;
  readonly tellRoot: <K extends "activate" | "restart" | "verify" | "trace">(kind: K, body: ToRoot[K]) => void;
  /** Default: the host's clock. */
  readonly hostNow?: () => number;
};

type Missing = { digest: string; length: number };
export type Gate = {
  examine(asked: Asked): Promise<{ verdict: Verdict; missing: Missing[] }>;
  install(asked: Asked): Promise<Verdict>;
  command(envelope: CommandEnvelope): Promise<Verdict>;
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
  const commands = await openCommandGate(directories.own, config, clock.now, ([kind, body]) =>
    tellRoot(kind, body as never),
  );
  // One judgement at a time: two would write the same directories.
  const queue = createQueue(8);

  async function judge(asked: Asked): Promise<Release> {
    const found = await refreshMetadata(store, join(directories.staging, "metadata"), clock, asked.target);
    const signed = checkAsked(asked, found);
    const name = `${asked.releaseDigest}.${asked.target}`;
    const content = await readStaged(join(directories.staging, "targets"), name, maxReleaseBytes);
    if (content === undefined) throw new BulkheadError("RELEASE_INVALID", `${name} is not staged`);
    return judgeRelease(content, asked, signed, config);
  }

  const refuse = (asked: Asked, error: unknown): Verdict => {
    const verdict = refusal(error);
    log.warn(`refused ${asked.target}: ${verdict.code}: ${verdict.message}`);
    return verdict;
  };

  return {
    examine: (asked) =>
      queue(async () => {
        try {
          const release = await judge(asked);
          const missing = await missingArtifacts(release, asked.releaseDigest, config, directories);
          return { verdict: accepted(`${asked.target} is signed for this device`), missing };
        } catch (error) {
          return { verdict: refuse(asked, error), missing: [] };
        }
      }),
    install: (asked) =>
      queue(async () => {
        try {
          const release = await judge(asked);
          await endorseRelease(release, asked.releaseDigest, config, directories);
          await clock.raise(release.builtAtMs);
        } catch (error) {
          return refuse(asked, error);
        }
        log.info(`endorsed ${asked.target}`, { releaseDigest: asked.releaseDigest });
        tellRoot("activate", { releaseDigest: asked.releaseDigest });
        return accepted(`${asked.target} is endorsed and being activated`);
      }),
    command: (envelope) => queue(() => commands.judge(envelope)),
  };
}

const accepted = (message: string): Verdict => ({ accepted: true, code: null, message });
