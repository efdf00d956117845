/** From what was asked for to what would run: signed metadata, the release, opened where it is encrypted, and what is put on it. */
import { join } from "node:path";
import { BulkheadError, type Effective, maxOverlayBytes, maxReleaseBytes, partsOfTarget } from "@bulkhead/protocol";
import type { Unwrap } from "../age/index.ts";
import type { FloorClock } from "./clock-floor.ts";
import type { VerifierConfig } from "./config.ts";
import { type Asked, checkAsked, judgeRelease } from "./judge.ts";
import { checkDeployment, judgeOverlay } from "./judge-overlay.ts";
import { refreshMetadata, type SignedTarget } from "./metadata.ts";
import type { MetadataStore } from "./metadata-store.ts";
import type { OverlayFloors } from "./overlay-floors.ts";
import { type ReadRelease, readRelease } from "./read-release.ts";
import { readStaged } from "./staged-file.ts";

/** `stored`: where its artifacts lie that are encrypted. */
export type Judged = Effective & Pick<ReadRelease, "stored"> & Pick<SignedTarget, "rollbackFrom">;

export type JudgePorts = {
  readonly store: MetadataStore;
  readonly clock: FloorClock;
  readonly config: VerifierConfig;
  readonly floors: OverlayFloors;
  /** What the agent brought. */
  readonly staging: string;
  readonly unwrap: Unwrap;
};

/** Judges what is staged. Throws RELEASE_…, OVERLAY_… and SEALED_… errors, and EXPORT_INVALID for what is good and not meant. */
export async function judgeAsked(asked: Asked, ports: JudgePorts): Promise<Judged> {
  const judged = await judgeStaged(asked, ports);
  const { digest } = judged;
  if (asked.meant === undefined || asked.meant === digest) return judged;
  throw new BulkheadError("EXPORT_INVALID", `the file has ${digest}, and ${asked.meant} is meant`, {
    remedy: "bring the file that `bulkhead export` wrote of that release",
  });
}

async function judgeStaged(asked: Asked, ports: JudgePorts): Promise<Judged> {
  const { store, clock, config, staging } = ports;
  if (asked.overlay) checkDeployment(asked.overlay, config);
  const found = await refreshMetadata(store, join(staging, "metadata"), clock, asked);
  const signed = checkAsked(asked, found.target, config);
  const content = await staged(staging, `${signed.sha256}.${asked.target}`, maxReleaseBytes, "RELEASE_INVALID");
  const { release, stored } = await readRelease(content, asked.target, signed, ports.unwrap);
  judgeRelease(release, asked, signed, config);
  const base = { release, digest: asked.releaseDigest };
  const { rollbackFrom } = signed;
  if (asked.overlay === undefined) return { ...base, stored, rollbackFrom };
  if (found.overlay === undefined) throw new BulkheadError("INTERNAL", "nothing was said about the overlay");
  const { file } = partsOfTarget(asked.overlay.target);
  const overlay = await staged(staging, `${asked.overlay.digest}.${file}`, maxOverlayBytes, "OVERLAY_INVALID");
  const facts = { config, nowMs: clock.now(), floors: ports.floors };
  return { ...judgeOverlay(overlay, asked.overlay, found.overlay, base, facts), stored, rollbackFrom };
}

async function staged(
  staging: string,
  name: string,
  maxBytes: number,
  code: "RELEASE_INVALID" | "OVERLAY_INVALID",
): Promise<Buffer> {
  const content = await readStaged(join(staging, "targets"), name, maxBytes);
  if (content === undefined) throw new BulkheadError(code, `${name} is not staged`);
  return content;
}
