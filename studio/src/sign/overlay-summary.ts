/** What a list of overlays means, for the person who is to sign it: what each new one sets, against the release. Pure. */
import {
  applyOverlay,
  BulkheadError,
  type Overlay,
  overlayTargetName,
  type Release,
  releaseTargetName,
  valueAt,
} from "@bulkhead/protocol";
import type { TargetFile, Targets } from "@tufjs/models";
import { checkSignatures, missingOf } from "./authority.ts";
import { contentDigest } from "./opens-to.ts";
import { type SigningRequest, standingOf } from "./request.ts";

export type SetValue = { readonly place: string; readonly before: unknown; readonly after: unknown };
export type OverlaySummary = {
  readonly target: string;
  readonly digest: string;
  readonly overlay: Overlay;
  /** The release that it is put on. */
  readonly release: string;
  /** What a device reports that runs the two. */
  readonly effectiveDigest: string;
  readonly values: readonly SetValue[];
};
/** One that is signed, and whose release is not any more: no device takes it, and what it sets is known without what that was. */
export type EndedOverlay = Pick<OverlaySummary, "target" | "digest" | "overlay"> & {
  readonly release: null;
  readonly effectiveDigest: null;
  readonly values: readonly Omit<SetValue, "before">[];
};
export type OverlaysSummary = {
  readonly deployment: string;
  readonly added: readonly OverlaySummary[];
  /** False: the list before is not signed by these keys, so that these are trusted anew; what they set is not shown. */
  readonly comparable: boolean;
  readonly trustedAnew: readonly string[];
  readonly removed: readonly string[];
  readonly kept: number;
};

/** Throws SIGNING_REQUEST_INVALID where the request hides an overlay, OVERLAY_NOT_ALLOWED where no device would take one. */
export function summariseOverlays(request: SigningRequest, signed: Targets): OverlaysSummary | undefined {
  const { delegated, before } = request;
  if (delegated === undefined) return undefined;
  const deployment = /^overlays-(.+)$/.exec(delegated.name)?.[1];
  if (deployment === undefined) throw hidden(`${delegated.name} is no role of overlays`);
  const comparable = before === undefined || isSigned(request);
  const [was, is] = [(comparable ? before?.signed.targets : undefined) ?? {}, signed.targets];
  const gained = Object.values(is).filter((file) => was[file.path]?.hashes["sha256"] !== file.hashes["sha256"]);
  const shown = gained.filter((file) => comparable || delegated.overlays.has(file.hashes["sha256"] ?? ""));
  return {
    deployment,
    comparable,
    added: shown.map((file) => describe(request, delegated, deployment, file)),
    trustedAnew: gained.filter((file) => !shown.includes(file)).map(({ path }) => path),
    removed: Object.keys(was).filter((path) => is[path] === undefined),
    kept: Object.keys(is).length - gained.length,
  };
}

/** Another list before than one of the same keys would make new overlays look like known ones. */
function isSigned(request: SigningRequest): boolean {
  const { before } = request;
  const { authorities } = standingOf(request);
  return before !== undefined && authorities.every((one) => missingOf(one, checkSignatures(before, authorities)) === 0);
}

function describe(
  { releases }: SigningRequest,
  { targets, overlays }: NonNullable<SigningRequest["delegated"]>,
  deployment: string,
  file: TargetFile,
): OverlaySummary {
  const digest = file.hashes["sha256"] ?? "";
  const overlay = overlays.get(digest);
  if (overlay === undefined) throw hidden(`${file.path} is new in the list, and the request does not hold it`);
  if (overlayTargetName(overlay) !== file.path || overlay.deployment !== deployment) {
    throw hidden(`${file.path} would stand for ${overlayTargetName(overlay)}`);
  }
  const release = releases.get(overlay.base);
  if (release === undefined) throw hidden(`${file.path} is for a release that the request does not hold`);
  if (contentDigest(targets.signed.targets[releaseTargetName(release)]) !== overlay.base) {
    throw hidden(`${file.path} is for a release that the targets do not name`);
  }
  return { target: file.path, digest, overlay, ...onRelease(release, overlay, digest) };
}

/** Throws OVERLAY_NOT_ALLOWED. */
export function onRelease(
  release: Release,
  overlay: Overlay,
  digest: string,
): Pick<OverlaySummary, "release" | "effectiveDigest" | "values"> {
  const effective = applyOverlay(release, { document: overlay, digest });
  const values = Object.entries(overlay.values).map(([place, after]) => {
    return { place, before: valueAt(release.system, place), after };
  });
  return { release: releaseTargetName(release), effectiveDigest: effective.digest, values };
}

function hidden(message: string): BulkheadError {
  return new BulkheadError("SIGNING_REQUEST_INVALID", message, { remedy: "do not sign it; prepare it again" });
}
