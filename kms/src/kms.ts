/** Everything that a request or a device's connection may need, made once at start. */

import type { Device } from "./api/index.ts";
import type { Broker } from "./broker/index.ts";
import type { KmsConfig } from "./config.ts";
import type { Database, Scope } from "./database/index.ts";
import type { Sessions } from "./device-channel/sessions.ts";
import {
  type CrashReports,
  type DeviceRow,
  findDevice,
  findDeviceByNumber,
  type Observations,
  type ResourceReports,
  recordEvent,
  summariseDevice,
  takeOverdue,
} from "./devices/index.ts";
import { type EnrolmentRow, findEnrolment, sweepEnrolments } from "./enrolments/index.ts";
import type { EventBus } from "./events/index.ts";
import type { Instance } from "./instance/index.ts";
import type { Log } from "./log.ts";
import type { Blobs } from "./releases/index.ts";
import type { Samples } from "./telemetry/index.ts";
import type { Traces } from "./traces/index.ts";
import { deviceNumberOf, type Tunnels } from "./tunnels/index.ts";

export type Kms = {
  readonly config: KmsConfig;
  readonly instance: Instance;
  readonly database: Database;
  readonly scope: Scope;
  readonly blobs: Blobs;
  readonly events: EventBus;
  readonly sessions: Sessions;
  readonly resources: ResourceReports;
  readonly crashes: CrashReports;
  readonly observations: Observations;
  readonly samples: Samples;
  readonly traces: Traces;
  readonly tunnels: Tunnels;
  readonly broker: Broker;
  readonly log: Log;
};

/** A device as the API shows it, with what is true right now. */
export function describeDevice(kms: Pick<Kms, "instance" | "sessions" | "tunnels">, row: DeviceRow): Device {
  return summariseDevice(row, kms.instance.prefix, {
    connectedAtMs: kms.sessions.connectedAtMs(row.id),
    tunnel: kms.tunnels.tunnelOf(row.tunnelKey),
  });
}

/** Tells those who watch that something about the device has changed. */
export async function publishDevice(kms: Kms, deviceId: string): Promise<void> {
  const row = await findDevice(kms.database, kms.scope, deviceId);
  if (row) kms.events.publish({ type: "device", device: describeDevice(kms, row) });
}

/** Keeps what happened to a device and tells those who watch. */
export async function noteEvent(kms: Kms, deviceId: string, code: string, message: string): Promise<void> {
  const event = await recordEvent(kms.database, kms.scope, deviceId, code, message);
  kms.events.publish({ type: "device-event", event });
}

/** The registered device that owns an address in the tunnel. */
export async function identifyDevice(
  kms: Pick<Kms, "database" | "scope" | "instance">,
  address: string,
): Promise<DeviceRow | undefined> {
  const number = deviceNumberOf(kms.instance.prefix, address);
  return number === undefined ? undefined : findDeviceByNumber(kms.database, kms.scope, number);
}

/** Whom the tunnel says that somebody is: a device, or a board that has a token and has not come yet. */
export type Guest =
  | { readonly kind: "device"; readonly device: DeviceRow }
  | { readonly kind: "board"; readonly enrolment: EnrolmentRow };

/** Who owns an address in the tunnel. */
export async function identifyGuest(
  kms: Pick<Kms, "database" | "scope" | "instance">,
  address: string,
): Promise<Guest | undefined> {
  const number = deviceNumberOf(kms.instance.prefix, address);
  if (number === undefined) return undefined;
  const device = await findDeviceByNumber(kms.database, kms.scope, number);
  if (device) return { kind: "device", device };
  const enrolment = await findEnrolment(kms.database, kms.scope, number, Date.now());
  return enrolment && { kind: "board", enrolment };
}

/** Takes away the boards that did not come in time. */
export async function endEnrolments(kms: Pick<Kms, "database" | "tunnels" | "log">): Promise<void> {
  const names = await sweepEnrolments(kms.database, Date.now());
  for (const name of names) kms.log("warn", "a board did not come in time; its token is worth nothing now", { name });
  if (names.length > 0) kms.tunnels.push();
}

/** An alert for each device that should have woken and did not, once. */
export async function noteOverdue(kms: Kms): Promise<void> {
  const isConnected = (id: string) => kms.sessions.connectedAtMs(id) !== null;
  for (const { id, expectedAtMs } of await takeOverdue(kms.database, kms.scope, isConnected, Date.now())) {
    const expected = expectedAtMs === null ? "" : ` at ${new Date(expectedAtMs).toISOString()}`;
    await noteEvent(kms, id, "OVERDUE", `the device sleeps, should have woken${expected}, and has not`);
    await publishDevice(kms, id);
  }
}
