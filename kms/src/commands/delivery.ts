/** Brings commands to their devices: at once where the device is connected, else when it connects. */
import { BulkheadError } from "@bulkhead/protocol";
import type { z } from "zod";
import type { commandRequestSchema, StoredCommand } from "../api/index.ts";
import type { Session } from "../device-channel/sessions.ts";
import { getDevice } from "../devices/index.ts";
import type { Kms } from "../kms.ts";
import { getRelease } from "../releases/index.ts";
import { createCommand, expireCommands, markDelivered, openCommands } from "./index.ts";

/** Stores the command and sends it if the device is there. Errors: NOT_FOUND, COMMAND_INVALID. */
export async function issueCommand(
  kms: Kms,
  deviceId: string,
  request: z.output<typeof commandRequestSchema>,
): Promise<StoredCommand> {
  await getDevice(kms.database, kms.scope, deviceId);
  const { command } = request;
  if (command.kind === "deploy") {
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
  }
  const stored = await createCommand(kms.database, kms.scope, deviceId, request);
  kms.events.publish({ type: "command", command: stored });
  const session = kms.sessions.of(deviceId);
  return session ? ((await deliver(kms, session, stored)) ?? stored) : stored;
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
