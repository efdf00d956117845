/** The overlays of a deployment as they lie, signed, in a repository. */
import { BulkheadError, delegationName, parseOverlay } from "@bulkhead/protocol";
import type { Unwrap } from "@bulkhead/runtime";
import { readNewestTargets } from "../sign/metadata.ts";
import { contentDigest } from "../sign/opens-to.ts";
import { type EndedOverlay, type OverlaySummary, onRelease } from "../sign/overlay-summary.ts";
import { openSignedRelease } from "../sign/signed-release.ts";
import { digestOfTarget, openTarget } from "../sign/target-file.ts";

export type SignedOverlays = {
  readonly version: number;
  readonly expires: string;
  readonly overlays: readonly (OverlaySummary | EndedOverlay)[];
};

/** One whose release has left the targets is among them. Throws NOT_FOUND where none was ever signed, FILE_UNREADABLE where a document is not here, RELEASE_ARTIFACT_ALTERED and …_INVALID where one is not what was signed. */
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
  const releases = (await readNewestTargets(repositoryDir))?.signed.targets ?? {};
  const overlays = Object.values(list.signed.targets).map(async (signed): Promise<OverlaySummary | EndedOverlay> => {
    const digest = digestOfTarget(signed);
    const { document: overlay } = parseOverlay(await openTarget(repositoryDir, signed), signed.path);
    const shown = { target: signed.path, digest, overlay };
    const base = Object.values(releases).find((file) => contentDigest(file) === overlay.base);
    if (base === undefined) {
      const values = Object.entries(overlay.values).map(([place, after]) => ({ place, after }));
      return { ...shown, release: null, effectiveDigest: null, values };
    }
    const { release } = await openSignedRelease(repositoryDir, base, unwrap);
    return { ...shown, ...onRelease(release, overlay, digest) };
  });
  return { version: list.signed.version, expires: list.signed.expires, overlays: await Promise.all(overlays) };
}
