/** The overlays of a deployment as they lie, signed, in a repository. */
import { BulkheadError, delegationName, parseOverlay } from "@bulkhead/protocol";
import type { Unwrap } from "@bulkhead/runtime";
import { readNewestTargets } from "../sign/metadata.ts";
import { contentDigest } from "../sign/opens-to.ts";
import { type OverlaySummary, onRelease } from "../sign/overlay-summary.ts";
import { digestOfTarget, openTarget } from "../sign/target-file.ts";
import { findRelease } from "./release.ts";

export type SignedOverlays = {
  readonly version: number;
  readonly expires: string;
  readonly overlays: readonly OverlaySummary[];
};

/** Throws NOT_FOUND where none was ever signed, FILE_UNREADABLE where a document is not here, RELEASE_ARTIFACT_ALTERED and …_INVALID where one is not what was signed. */
export async function signedOverlays(
  repositoryDir: string,
  deployment: string,
  unwrap: Unwrap,
): Promise<SignedOverlays> {
  const list = await readNewestTargets(repositoryDir, delegationName({ deployment }).name);
  if (list === undefined) {
    throw new BulkheadError("NOT_FOUND", `${repositoryDir} has no overlays of ${deployment}`, {
      remedy: "sign one: `bulkhead overlay sign`",
    });
  }
  const overlays = Object.values(list.signed.targets).map(async (signed): Promise<OverlaySummary> => {
    const { path } = signed;
    const digest = digestOfTarget(signed);
    const { document: overlay } = parseOverlay(await openTarget(repositoryDir, signed), path);
    const { release } = await findBase(repositoryDir, overlay.base, unwrap);
    return { target: path, digest, overlay, ...onRelease(release, overlay, digest) };
  });
  return { version: list.signed.version, expires: list.signed.expires, overlays: await Promise.all(overlays) };
}

async function findBase(repositoryDir: string, base: string, unwrap: Unwrap) {
  const targets = await readNewestTargets(repositoryDir);
  const found = Object.values(targets?.signed.targets ?? {}).find((file) => contentDigest(file) === base);
  return findRelease(found?.path ?? base, repositoryDir, unwrap);
}
