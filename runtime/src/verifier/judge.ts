/** Is this signed document a release that this device may run? Pure: the document, what signed metadata says, what runs. */
import {
  BulkheadError,
  checkOnlyFor,
  isForward,
  maxReleaseBytes,
  type OverlayName,
  type Release,
  releaseTargetName,
  usualDeployment,
} from "@bulkhead/protocol";
import type { VerifierConfig } from "./config.ts";
import { checkSystem } from "./judge-system.ts";
import type { SignedTarget } from "./metadata.ts";

export type Asked = {
  readonly target: string;
  readonly releaseDigest: string;
  /** What is to be put on the release. */
  readonly overlay?: OverlayName | undefined;
  /** What is to come of it, as whoever brings a file has said. */
  readonly meant?: string | undefined;
};

/**
 * The name and digest asked for must be what is signed, and signed for this device. Throws RELEASE_SIGNATURE_INVALID, RELEASE_WRONG_DEVICE,
 * RELEASE_METADATA_INVALID.
 */
export function checkAsked(
  asked: Asked,
  signed: SignedTarget | undefined,
  { provisioning }: Pick<VerifierConfig, "provisioning">,
): SignedTarget {
  if (signed === undefined) {
    throw new BulkheadError("RELEASE_SIGNATURE_INVALID", `the signed targets do not name ${asked.target}`, {
      remedy: "sign the release with the project's targets key and upload the new targets",
    });
  }
  const digest = signed.opensTo ?? signed.sha256;
  if (digest !== asked.releaseDigest) {
    const message = `${asked.target} is signed with the digest ${digest}, and ${asked.releaseDigest} was asked for`;
    throw new BulkheadError("RELEASE_SIGNATURE_INVALID", message, { remedy: "deploy the release that was signed" });
  }
  const { deviceId, deployment = usualDeployment } = provisioning;
  checkOnlyFor(signed.onlyFor, asked.target, { deviceId, deployment });
  if (signed.lengthBytes > maxReleaseBytes) {
    throw new BulkheadError("RELEASE_METADATA_INVALID", `${asked.target} is signed with ${signed.lengthBytes} bytes`);
  }
  return signed;
}

/** Judges what was read of the staged bytes. Throws RELEASE_… errors, each naming what it found and what it expected. */
export function judgeRelease(release: Release, asked: Asked, signed: SignedTarget, config: VerifierConfig): void {
  checkIdentity(release, asked, signed);
  checkSystem(release);
  checkBoard(release, config);
  checkBase(release, config);
  checkAge(release, asked, signed, config);
}

function checkIdentity(release: Release, asked: Asked, signed: SignedTarget): void {
  if (releaseTargetName(release) !== asked.target) {
    throw new BulkheadError("RELEASE_INVALID", `${asked.target} holds the release ${releaseTargetName(release)}`);
  }
  if (signed.releaseCounter !== release.releaseCounter) {
    const message = `${asked.target} is signed with counter ${signed.releaseCounter} and holds ${release.releaseCounter}`;
    throw new BulkheadError("RELEASE_INVALID", message);
  }
  // The clock's floor will be raised to this time: it must be one at which the signature can have been made.
  if (release.builtAtMs > signed.expiresMs) {
    throw new BulkheadError("RELEASE_INVALID", `${asked.target} claims to be built after its own signature ends`, {
      remedy: "set the clock of the machine that builds",
    });
  }
}

function checkBoard(release: Release, { board }: VerifierConfig): void {
  if (release.board === board) return;
  throw new BulkheadError("RELEASE_WRONG_BOARD", `the release is for board ${release.board}, and this is ${board}`, {
    remedy: `build it for ${board}`,
  });
}

function checkBase({ baseSystem }: Release, { slots }: VerifierConfig): void {
  if (baseSystem === undefined || slots !== undefined) return;
  throw new BulkheadError("BASE_SYSTEM_UNFIT", "the release has a base system, and this device has no slots for one", {
    remedy: "build it without --base; whoever owns this device's Linux updates that",
  });
}

function checkAge(release: Release, asked: Asked, { rollbackFrom }: SignedTarget, config: VerifierConfig): void {
  const { releaseCounterFloor: floor, currentReleaseDigest, securityEpoch } = config;
  if (release.securityEpoch < securityEpoch) {
    const message = `the release has security epoch ${release.securityEpoch}, and this device is at ${securityEpoch}`;
    throw new BulkheadError("RELEASE_ROLLBACK", message, {
      remedy: "an epoch never goes back; build with the newer one",
    });
  }
  const { releaseCounter } = release;
  if (asked.releaseDigest === currentReleaseDigest || isForward({ releaseCounter, rollbackFrom }, floor)) return;
  const message =
    releaseCounter === floor
      ? `the release has counter ${floor}, as far as this device has come, and is not the one that runs`
      : `the release has counter ${releaseCounter}, and this device is at ${floor}`;
  const statement = rollbackFrom === undefined ? "" : `; its rollback statement is for devices up to ${rollbackFrom}`;
  throw new BulkheadError("RELEASE_ROLLBACK", `${message}${statement}`, {
    remedy: "build it with a higher counter, or let the release keys sign the way back: bulkhead rollback",
  });
}
