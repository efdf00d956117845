/** After the sources changed, a device that was started before runs an older release: it gets the new one as any device would. */
import { deploy } from "../deploy/deploy.ts";
import type { Running } from "./launcher.ts";
import type { Progress } from "./progress.ts";

const timeoutMs = 60_000;

/** Deploys the newest signed release where the device runs another; returns when it runs. */
export async function bringUpToDate(running: Running, progress: Progress): Promise<void> {
  const { client, provisioning, signed } = running;
  const { deviceId } = provisioning;
  const device = await client.device(deviceId);
  if (device.release?.digest === signed.releaseDigest) return;
  progress.note(`the sources have changed: deploying release ${signed.release.releaseCounter}`);
  await deploy(client, { deviceId, target: signed.target, releaseDigest: signed.releaseDigest, timeoutMs }, progress);
}
