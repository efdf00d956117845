/** After the sources changed, a device that was started before runs an older release: it gets the new one as any device would. */
import type { StoredCommand } from "@bulkhead/kms";
import { BulkheadError } from "@bulkhead/protocol";
import { eventually } from "./eventually.ts";
import type { Running } from "./launcher.ts";
import type { Progress } from "./progress.ts";

/** Deploys the newest signed release where the device runs another; returns when it runs. */
export async function bringUpToDate(running: Running, progress: Progress): Promise<void> {
  const { client, provisioning, signed } = running;
  const device = await client.device(provisioning.deviceId);
  if (device.release?.digest === signed.releaseDigest) return;
  await progress.step(`the sources have changed: deploying release ${signed.release.releaseCounter}`, () =>
    deploy(running, signed.target, signed.releaseDigest),
  );
}

/** Deploys a release and waits until the device runs it. Throws what the device said where it refused. */
export async function deploy(running: Running, target: string, releaseDigest: string): Promise<void> {
  const { client, provisioning } = running;
  const { deviceId } = provisioning;
  const { id } = await client.command(deviceId, { command: { kind: "deploy", target, releaseDigest } });
  const answer = await finished(running, id);
  if (answer.state !== "done")
    throw new BulkheadError("RELEASE_INVALID", `the device answered ${answer.state}: ${answer.message ?? answer.code}`);
  await eventually("the device to run the release", 30_000, async () => {
    const { connected, release, components } = await client.device(deviceId);
    const isReady = connected && components?.ready === components?.total;
    return (isReady && release?.digest === releaseDigest) || undefined;
  });
}

/** Waits until a command has an end. */
export function finished({ client, provisioning }: Running, id: string): Promise<StoredCommand> {
  return eventually("the device to answer the command", 40_000, async () => {
    const command = (await client.commands(provisioning.deviceId)).find((one) => one.id === id);
    return command && !["pending", "delivered"].includes(command.state) ? command : undefined;
  });
}
