/**
 * Is this signed document an overlay that this device may put on this release, and what runs then? Pure: the bytes, what
 * signed metadata says, the release, what was committed before.
 */
import {
  applyOverlay,
  BulkheadError,
  checkBinding,
  type Effective,
  maxOverlayBytes,
  type Overlay,
  type OverlayName,
  overlayTargetName,
  parseOverlay,
  partsOfTarget,
  type Release,
  sha256,
  usualDeployment,
  whyBeyond,
} from "@bulkhead/protocol";
import type { VerifierConfig } from "./config.ts";
import { checkSystem } from "./judge-system.ts";
import type { OverlayFloors } from "./overlay-floors.ts";
import type { SignedOverlay } from "./overlay-target.ts";

export type Base = { readonly release: Release; readonly digest: string };
type Facts = {
  readonly config: Pick<VerifierConfig, "provisioning">;
  readonly nowMs: number;
  readonly floors: OverlayFloors;
};

/** Before anything of it is read: another deployment's has its own keys. Throws OVERLAY_WRONG_DEVICE. */
export function checkDeployment({ target }: OverlayName, { provisioning }: Pick<VerifierConfig, "provisioning">): void {
  const { deployment } = partsOfTarget(target);
  const own = provisioning.deployment ?? usualDeployment;
  if (deployment === own) return;
  throw new BulkheadError(
    "OVERLAY_WRONG_DEVICE",
    `${target} is for deployment ${deployment}, this device is in ${own}`,
    {
      remedy: "take an overlay of its own deployment",
    },
  );
}

/** Throws OVERLAY_… errors, each naming what it found and what it expected; RELEASE_INVALID for what could not run. */
export function judgeOverlay(
  content: Buffer,
  asked: OverlayName,
  signed: SignedOverlay,
  base: Base,
  { config, nowMs, floors }: Facts,
): Effective {
  if (signed.sha256 !== asked.digest) {
    const message = `${asked.target} is signed with the digest ${signed.sha256}, and ${asked.digest} was asked for`;
    throw new BulkheadError("OVERLAY_SIGNATURE_INVALID", message, { remedy: "take the overlay that was signed" });
  }
  if (signed.lengthBytes > maxOverlayBytes) throw invalid(`${asked.target} has ${signed.lengthBytes} bytes`);
  if (content.length !== signed.lengthBytes || sha256(content) !== signed.sha256) {
    throw invalid(`the staged ${asked.target} does not have the signed digest`);
  }
  const { document, digest } = parseOverlay(content.toString("utf8"), asked.target);
  if (overlayTargetName(document) !== asked.target) {
    throw invalid(`${asked.target} holds the overlay ${overlayTargetName(document)}`);
  }
  const { deviceId, deployment = usualDeployment } = config.provisioning;
  checkBinding(document, { releaseDigest: base.digest, deployment, deviceId, nowMs });
  checkAge(document, digest, floors);
  const effective = applyOverlay(base.release, { document, digest });
  // What was merged is judged like a release, and against the release, as if somebody else had merged it.
  checkSystem(effective.release);
  const beyond = whyBeyond(base.release, effective.release);
  if (beyond === undefined) return effective;
  throw new BulkheadError("OVERLAY_NOT_ALLOWED", `${asked.target} goes beyond its release: ${beyond}`);
}

function checkAge({ overlay, overlayCounter, base }: Overlay, digest: string, floors: OverlayFloors): void {
  const floor = floors.of(base);
  if (floor === undefined || overlayCounter > floor.overlayCounter || digest === floor.digest) return;
  const message = `the overlay ${overlay} has counter ${overlayCounter}, and this device has committed ${floor.overlayCounter} for its release`;
  throw new BulkheadError("OVERLAY_ROLLBACK", message, { remedy: "sign it anew: it gets a higher counter" });
}

function invalid(message: string): BulkheadError {
  return new BulkheadError("OVERLAY_INVALID", message, {
    remedy: "fetch it again; if it happens again, the management service serves altered files",
  });
}
