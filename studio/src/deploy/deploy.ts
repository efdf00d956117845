/** Brings a release that the management service has to a device, and waits until the device runs it. */
import type { Device } from "@bulkhead/kms";
import { BulkheadError, type OverlayName } from "@bulkhead/protocol";
import type { StudioClient } from "../api/client.ts";
import { carryOut } from "../api/commands.ts";
import { eventually } from "../run/eventually.ts";
import type { Progress } from "../run/progress.ts";

export type Deployment = {
  deviceId: string;
  target: string;
  releaseDigest: string;
  /** To be put on it; the device names what becomes of the two by their digest. */
  overlay?: OverlayName & { effectiveDigest: string };
  timeoutMs: number;
};

/** A generation that is not ready by then is rolled back by the device itself; one with a base system has the board start first, as long as is waited for the whole. */
const startMs = 60_000;
const lookEveryMs = 200;

/**
 * Returns the device as it runs the release. Throws what the device said where it refused the release,
 * RELEASE_FAILED_TO_START where it went back to the one before.
 */
export async function deploy(client: StudioClient, deployment: Deployment, progress: Progress): Promise<Device> {
  const { deviceId, target, releaseDigest, overlay, timeoutMs } = deployment;
  const put = overlay && { overlay: { target: overlay.target, digest: overlay.digest } };
  await trialOver(client, deviceId);
  const { finishedAtMs } = await progress.step("the device fetches and verifies the release", () =>
    carryOut(client, deviceId, { kind: "deploy", target, releaseDigest, ...put }, timeoutMs),
  );
  return progress.step("the device starts it", () =>
    eventually(
      "the device to run the release",
      Math.max(startMs, deployment.timeoutMs),
      () => runningOn(client, deployment, finishedAtMs ?? 0),
      lookEveryMs,
    ),
  );
}

/** A device tries one release at a time and activates no other meanwhile, not even after a restart in the middle of a trial. */
async function trialOver(client: StudioClient, deviceId: string): Promise<void> {
  await eventually("the device to have judged the release before", startMs, async () => {
    const { status } = await client.status(deviceId);
    return status?.update.state !== "trying" || undefined;
  });
}

async function runningOn(
  client: StudioClient,
  { deviceId, releaseDigest, overlay }: Deployment,
  sinceMs: number,
): Promise<Device | undefined> {
  const { status, receivedAtMs } = await client.status(deviceId);
  // A status from before the answer may tell of an earlier attempt, and any status of another release.
  const { state, releaseDigest: judged } = status?.update ?? {};
  if (
    state === "rolled-back" &&
    judged === (overlay?.effectiveDigest ?? releaseDigest) &&
    (receivedAtMs ?? 0) > sinceMs
  ) {
    throw new BulkheadError(
      "RELEASE_FAILED_TO_START",
      `the device went back to the release before: ${status?.update.reason}`,
    );
  }
  const device = await client.device(deviceId);
  const { connected, release, components } = device;
  const isReady = connected && components !== null && components.ready === components.total;
  const isIt = release?.digest === releaseDigest && device.overlay?.digest === overlay?.digest;
  return isReady && isIt ? device : undefined;
}
