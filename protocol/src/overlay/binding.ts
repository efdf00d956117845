/** Whom an overlay is for, and until when: what ties it to a release, a deployment, devices and a time. Pure. */
import { BulkheadError } from "../errors.ts";
import type { Overlay } from "./document.ts";

export type BoundTo = {
  readonly releaseDigest: string;
  readonly deployment: string;
  readonly deviceId: string;
  /** By a clock that cannot be turned back below what was signed. */
  readonly nowMs: number;
};

/** Throws OVERLAY_WRONG_RELEASE, OVERLAY_WRONG_DEVICE, OVERLAY_EXPIRED. */
export function checkBinding(overlay: Overlay, { releaseDigest, deployment, deviceId, nowMs }: BoundTo): void {
  const name = `the overlay ${overlay.overlay} ${overlay.overlayCounter}`;
  if (overlay.base !== releaseDigest) {
    throw new BulkheadError("OVERLAY_WRONG_RELEASE", `${name} is for release ${overlay.base}, not ${releaseDigest}`, {
      remedy: "sign it for this release: `bulkhead overlay sign --release`",
    });
  }
  if (overlay.deployment !== deployment) {
    throw new BulkheadError("OVERLAY_WRONG_DEVICE", `${name} is for deployment ${overlay.deployment}`, {
      remedy: `this device is in ${deployment}: take an overlay of its own deployment`,
    });
  }
  if (overlay.devices !== null && !overlay.devices.includes(deviceId)) {
    throw new BulkheadError("OVERLAY_WRONG_DEVICE", `${name} does not name the device ${deviceId}`, {
      remedy: "sign one that names it, or none in particular",
    });
  }
  if (nowMs < overlay.expiresMs) return;
  throw new BulkheadError("OVERLAY_EXPIRED", `${name} is good until ${new Date(overlay.expiresMs).toISOString()}`, {
    remedy: "sign it anew; what runs on devices stays as it is",
  });
}
