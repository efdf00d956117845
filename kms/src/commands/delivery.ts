/** Brings commands to their devices: at once where the device is connected, else when it connects. */
import { BulkheadError, type Command, checkOnlyFor, type OverlayName } from "@bulkhead/protocol";
import type { z } from "zod";
import type { commandRequestSchema, StoredCommand } from "../api/index.ts";
import type { Session } from "../device-channel/sessions.ts";
import { type DeviceRow, getDevice } from "../devices/index.ts";
import type { Kms } from "../kms.ts";
import { getOverlay, getRelease } from "../releases/index.ts";
import { createCommand, expireCommands, markDelivered, openCommands } from "./index.ts";

/** Stores the command and sends it if the device is there. Errors: NOT_FOUND, COMMAND_INVALID. */
export async function issueCommand(
  kms: Kms,
  deviceId: string,
  request: z.output<typeof commandRequestSchema>,
): Promise<StoredCommand> {
  const device = await getDevice(kms.database, kms.scope, deviceId);
  let { command } = request;
  if (command.kind === "deploy") {
    if (command.overlay) await checkOverlay(kms, device, { ...command, overlay: command.overlay });
    const release = await getRelease(kms.database, kms.scope, command.releaseDigest);
    if (release.target !== command.target) {
      throw new BulkheadError(
        "COMMAND_INVALID",
        `release ${release.digest} is target ${release.target}, not ${command.target}`,
        {
          remedy: "take target and digest from the same entry of the list of releases",
        },
      );
    }
    // As with an overlay.
    checkOnlyFor(release.onlyFor ?? undefined, release.target, { deviceId, deployment: device.deployment });
    // What is fetched of it has another digest than the release that it is.
    command = { ...command, envelope: release.envelope ?? undefined };
  }
  const stored = await createCommand(kms.database, kms.scope, deviceId, { ...request, command });
  kms.events.publish({ type: "command", command: stored });
  const session = kms.sessions.of(deviceId);
  return session ? ((await deliver(kms, session, stored)) ?? stored) : stored;
}

type Deploy = Extract<Command, { kind: "deploy" }>;

/** What the device would refuse is told at once; its own word is the one that counts. */
async function checkOverlay(
  kms: Kms,
  { id, deployment }: DeviceRow,
  { overlay, releaseDigest }: Deploy & { overlay: OverlayName },
): Promise<void> {
  const found = await getOverlay(kms.database, kms.scope, overlay.digest);
  if (found.target !== overlay.target || found.base !== releaseDigest) {
    throw new BulkheadError(
      "COMMAND_INVALID",
      `overlay ${found.digest} is ${found.target}, for release ${found.base}`,
      {
        remedy: "take target, digest and release from the same entry of the list of overlays",
      },
    );
  }
  if (found.deployment !== deployment || !(found.devices?.includes(id) ?? true)) {
    throw new BulkheadError("OVERLAY_WRONG_DEVICE", `${found.target} is not for ${id}, which is in ${deployment}`, {
      remedy: "sign one for this device's deployment that names the device, or none in particular",
    });
  }
}

/** After a device has connected: everything that it may not have heard yet. */
export async function deliverOpenCommands(kms: Kms, session: Session): Promise<void> {
  for (const command of await openCommands(kms.database, kms.scope, session.deviceId)) {
    await deliver(kms, session, command);
  }
}

async function deliver(kms: Kms, session: Session, command: StoredCommand): Promise<StoredCommand | undefined> {
  const delivered = await markDelivered(kms.database, kms.scope, command.id);
  // Answered or expired in between.
  if (!delivered) return undefined;
  const { id, deviceId, deadlineMs, signed } = delivered;
  const envelope = { id, deviceId, deadlineMs, command: delivered.command, ...(signed && { signed }) };
  session.send({ type: "command", envelope });
  kms.events.publish({ type: "command", command: delivered });
  return delivered;
}

/** Ends what nobody has answered in time. */
export async function sweepCommands(kms: Kms): Promise<void> {
  for (const command of await expireCommands(kms.database, kms.scope)) {
    kms.events.publish({ type: "command", command });
  }
}
