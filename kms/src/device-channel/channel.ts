/** One device's command channel from the first byte to the last: authenticate, deliver what waits, take what comes. */
import { BulkheadError, type FromDevice, type FromKms, type Loss, reportError } from "@bulkhead/protocol";
import type { WebSocket } from "ws";
import { deliverOpenCommands } from "../commands/delivery.ts";
import { finishCommand } from "../commands/index.ts";
import { asDatabaseError } from "../database/index.ts";
import { type DeviceRow, saveLastSeen, saveManifest, saveOpening, saveRhythm, saveStatus } from "../devices/index.ts";
import { redeemEnrolment } from "../enrolments/index.ts";
import { type Guest, type Kms, noteEvent, publishDevice } from "../kms.ts";
import { describeError } from "../log.ts";
import { appendLogs } from "../logs/index.ts";
import { describeLosses, type LossKind } from "../losses/index.ts";
import { authenticate } from "./handshake.ts";
import { openInbox } from "./inbox.ts";
import { keepAlive } from "./liveness.ts";
import type { Session } from "./sessions.ts";

const handshakeMs = 10_000;
/** Types of message that not every management service knows. */
const takes = ["telemetry", "trace"] as const;
/** WebSocket close codes (RFC 6455, section 7.4.1): policy violation; try again later. */
const closeCodes = { refused: 1008, later: 1013, replaced: 4001 } as const;

/** Serves the socket until it closes. Never throws: a device's errors end its own socket only. */
export async function serveChannel(kms: Kms, socket: WebSocket, guest: Guest): Promise<void> {
  // ws closes the socket itself, with the code that fits.
  socket.on("error", () => undefined);
  const inbox = openInbox(socket);
  const send = (message: FromKms) => socket.send(JSON.stringify(message));
  const deadline = setTimeout(() => socket.terminate(), handshakeMs);
  try {
    const { deviceKey, opening } = await authenticate(inbox, send, guest, kms.instance);
    const device = guest.kind === "device" ? guest.device : await admit(kms, guest, deviceKey);
    if (opening) await saveOpening(kms.database, kms.scope, device.id, opening);
    clearTimeout(deadline);
    keepAlive(socket);
    send({ type: "welcome", timeMs: Date.now(), takes: [...takes] });
    await withSession(kms, socket, device, send, async () => {
      for await (const message of inbox) await take(kms, device.id, message, send);
    });
  } catch (error) {
    await refuse(kms, socket, guest, send, error);
  } finally {
    clearTimeout(deadline);
    if (socket.readyState === socket.OPEN) socket.close();
  }
}

/** The board is a device from here on, whatever becomes of this connection. */
async function admit(kms: Kms, { enrolment }: Guest & { kind: "board" }, deviceKey: string): Promise<DeviceRow> {
  const device = await redeemEnrolment(kms.database, kms.scope, enrolment, deviceKey, kms.instance.tunnelKey);
  await noteEvent(kms, device.id, "ENROLLED", "the board has enrolled itself by its token, which is used up now");
  await publishDevice(kms, device.id);
  return device;
}

async function withSession(
  kms: Kms,
  socket: WebSocket,
  device: DeviceRow,
  send: (message: FromKms) => void,
  serve: () => Promise<void>,
): Promise<void> {
  const close = (reason: string) => socket.close(closeCodes.replaced, reason);
  const session: Session = { deviceId: device.id, connectedAtMs: Date.now(), send, close };
  kms.sessions.enter(session)?.close("a newer connection of this device has taken over");
  try {
    // A device that sleeps says so in each session; one that says nothing is expected always.
    await saveRhythm(kms.database, kms.scope, device.id, null);
    await noteEvent(kms, device.id, "CONNECTED", "the device has authenticated itself");
    await publishDevice(kms, device.id);
    await deliverOpenCommands(kms, session);
    await serve();
  } finally {
    if (kms.sessions.leave(session)) await noteDeparture(kms, device.id);
  }
}

/** The database may be the reason why the session ended; that must not hide the reason itself. */
async function noteDeparture(kms: Kms, deviceId: string): Promise<void> {
  try {
    await saveLastSeen(kms.database, kms.scope, deviceId);
    await publishDevice(kms, deviceId);
    await noteEvent(kms, deviceId, "DISCONNECTED", "the command channel has closed");
  } catch (error) {
    kms.log("warn", "a device's departure could not be noted", { deviceId, why: describeError(error) });
  }
}

async function take(kms: Kms, deviceId: string, message: FromDevice, send: (message: FromKms) => void): Promise<void> {
  const { database, scope } = kms;
  switch (message.type) {
    case "status":
      await saveStatus(database, scope, deviceId, message.status);
      return publishDevice(kms, deviceId);
    case "manifest":
      await saveManifest(database, scope, deviceId, message.system);
      return publishDevice(kms, deviceId);
    case "crashes":
      kms.crashes.keep(deviceId, message.crashes, Date.now());
      return kms.events.publish({ type: "crashes", deviceId });
    case "resources":
      return kms.resources.keep(deviceId, message.resources, Date.now());
    case "observation":
      return kms.observations.keep(deviceId, message.observation, Date.now());
    case "log": {
      const lines = await appendLogs(database, scope, deviceId, message.lines, message.dropped);
      // Only now: what is acknowledged, the device forgets.
      if (message.batch !== undefined) send({ type: "stored", batch: message.batch });
      if (lines.length > 0) kms.events.publish({ type: "log", deviceId, lines });
      return;
    }
    case "telemetry": {
      const lost = await kms.samples.append(deviceId, message.samples, message.lost);
      return confirmStored(kms, deviceId, "telemetry", lost, () => send({ type: "stored", batch: message.batch }));
    }
    case "trace": {
      const lost = await kms.traces.append(deviceId, message.segments, message.lost);
      return confirmStored(kms, deviceId, "trace", lost, () => send({ type: "stored", batch: message.batch }));
    }
    case "awake":
      await saveRhythm(database, scope, deviceId, message);
      return publishDevice(kms, deviceId);
    case "command-result": {
      const command = await finishCommand(database, scope, deviceId, message);
      if (command) kms.events.publish({ type: "command", command });
      return;
    }
    case "hello":
    case "proof":
      throw new BulkheadError("PROTOCOL_INVALID", `the message ${message.type} came after the welcome`);
  }
}

/** What is acknowledged, the device forgets; what it lost is an event as well. */
async function confirmStored(
  kms: Kms,
  deviceId: string,
  kind: LossKind,
  lost: readonly Loss[],
  acknowledge: () => void,
): Promise<void> {
  acknowledge();
  const code = kind === "telemetry" ? "TELEMETRY_LOST" : "TRACE_LOST";
  if (lost.length > 0) await noteEvent(kms, deviceId, code, `the device lost ${describeLosses(kind, lost)}`);
}

async function refuse(
  kms: Kms,
  socket: WebSocket,
  guest: Guest,
  send: (message: FromKms) => void,
  error: unknown,
): Promise<void> {
  const known = error instanceof BulkheadError ? error : asDatabaseError(error);
  kms.log("warn", "command channel closed", { ...whom(guest), code: known?.code, why: describeError(error) });
  // An error of ours is no reason to tell the device about our inside.
  const report = known ? reportError(known) : { code: "INTERNAL", message: "the KMS failed; its log has the details" };
  if (socket.readyState === socket.OPEN) {
    send({ type: "refused", code: report.code, message: report.message.slice(0, 2000) });
    const ours = report.code === "INTERNAL" || report.code === "DATABASE_UNAVAILABLE";
    socket.close(ours ? closeCodes.later : closeCodes.refused);
  }
  // A board that is no device yet has no list of events.
  if (guest.kind === "board") return;
  try {
    await noteEvent(kms, guest.device.id, report.code, report.message);
  } catch (cause) {
    kms.log("warn", "an event could not be stored", { deviceId: guest.device.id, why: describeError(cause) });
  }
}

function whom(guest: Guest): { deviceId: string } | { board: string } {
  return guest.kind === "device" ? { deviceId: guest.device.id } : { board: guest.enrolment.name };
}
