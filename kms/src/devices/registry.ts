/** Which devices there are: enrolled once by their two public keys, found by id or by the number in their address. */
import { BulkheadError, deviceIdOf, isWeakSigningKey, isWeakX25519Key } from "@bulkhead/protocol";
import { and, asc, eq } from "drizzle-orm";
import type { EnrolRequest } from "../api/index.ts";
import { type Database, isDuplicate, type Queries, type Scope } from "../database/index.ts";
import { devices, enrolments } from "../database/schema.ts";

export type DeviceRow = typeof devices.$inferSelect;

/** Registers a device; `number` is one that was put aside for it. Errors: KEY_WEAK, CONFLICT. */
export async function enrolDevice(
  database: Queries,
  scope: Scope,
  request: EnrolRequest & { readonly number?: number },
  kmsTunnelKey: string,
): Promise<DeviceRow> {
  checkKeys(request, kmsTunnelKey);
  await checkNotAwaited(database, request.tunnelKey);
  const id = deviceIdOf(request.deviceKey);
  try {
    const [row] = await database
      .insert(devices)
      .values({ ...request, id, scope: scope.id, enrolledAtMs: Date.now() })
      .returning();
    if (!row) throw new BulkheadError("INTERNAL", `the database stored device ${id} without saying so`);
    return row;
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    throw new BulkheadError("CONFLICT", `the name "${request.name}" or a key of device ${id} is registered already`, {
      remedy: "choose another name, or delete the registered device first",
      cause: error,
    });
  }
}

export async function listDevices(database: Queries, scope: Scope): Promise<DeviceRow[]> {
  return database.select().from(devices).where(eq(devices.scope, scope.id)).orderBy(asc(devices.number));
}

/** Errors: NOT_FOUND. */
export async function getDevice(database: Queries, scope: Scope, id: string): Promise<DeviceRow> {
  const row = await findDevice(database, scope, id);
  if (!row) throw notFound(id);
  return row;
}

export async function findDevice(database: Queries, scope: Scope, id: string): Promise<DeviceRow | undefined> {
  const [row] = await database
    .select()
    .from(devices)
    .where(and(eq(devices.scope, scope.id), eq(devices.id, id)));
  return row;
}

export async function findDeviceByNumber(
  database: Queries,
  scope: Scope,
  number: number,
): Promise<DeviceRow | undefined> {
  const [row] = await database
    .select()
    .from(devices)
    .where(and(eq(devices.scope, scope.id), eq(devices.number, number)));
  return row;
}

/** Removes the device with everything that was stored for it; its number is never given again. Errors: NOT_FOUND. */
export async function deleteDevice(database: Database, scope: Scope, id: string): Promise<void> {
  const removed = await database
    .delete(devices)
    .where(and(eq(devices.scope, scope.id), eq(devices.id, id)))
    .returning({ id: devices.id });
  if (removed.length === 0) throw notFound(id);
}

function notFound(id: string): BulkheadError {
  return new BulkheadError("NOT_FOUND", `no device ${id} is registered`, {
    remedy: "list the devices to see their ids",
  });
}

function checkKeys(request: EnrolRequest, kmsTunnelKey: string): void {
  if (isWeakSigningKey(request.deviceKey)) {
    throw new BulkheadError("KEY_WEAK", "the device key is no point of the curve or lies in its small subgroup", {
      remedy: "let the device make new keys: a key store never makes such a key",
    });
  }
  checkTunnelKey(request.tunnelKey, kmsTunnelKey);
}

/** Errors: KEY_WEAK, CONFLICT. */
export function checkTunnelKey(tunnelKey: string, kmsTunnelKey: string): void {
  if (isWeakX25519Key(tunnelKey)) {
    throw new BulkheadError("KEY_WEAK", "the tunnel key has small order and would agree on a known secret", {
      remedy: "let the device make new keys: a key store never makes such a key",
    });
  }
  if (tunnelKey === kmsTunnelKey) {
    throw new BulkheadError("CONFLICT", "the tunnel key is the one of this KMS", {
      remedy: "send the device's own key",
    });
  }
}

/** A board that is waited for has its place in the tunnel already; a second one with its key would take that away. */
async function checkNotAwaited(database: Queries, tunnelKey: string): Promise<void> {
  const awaited = await database.select().from(enrolments).where(eq(enrolments.tunnelKey, tunnelKey));
  if (awaited.length === 0) return;
  throw new BulkheadError("CONFLICT", "a board that is waited for has this tunnel key", {
    remedy: "make new keys: each device has its own",
  });
}
