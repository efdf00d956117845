/** What happened between a device and the KMS: connected, gone, refused and why. The newest 200 of each device stay. */
import { and, desc, eq } from "drizzle-orm";
import type { DeviceEvent } from "../api/index.ts";
import { keepNewest, type Queries, type Scope, storableText } from "../database/index.ts";
import { deviceEvents } from "../database/schema.ts";

const keptEvents = 200;

/** Errors: those of the database; a foreign key violation where the device was deleted meanwhile. */
export async function recordEvent(
  database: Queries,
  scope: Scope,
  deviceId: string,
  code: string,
  message: string,
): Promise<DeviceEvent> {
  const event = { deviceId, atMs: Date.now(), code, message: storableText(message) };
  const [stored] = await database
    .insert(deviceEvents)
    .values({ ...event, scope: scope.id })
    .returning({ id: deviceEvents.id });
  await keepNewest(database, deviceEvents, scope, deviceId, keptEvents);
  return { id: stored?.id ?? 0, ...event };
}

/** The newest events, newest first. */
export async function listEvents(database: Queries, scope: Scope, deviceId: string): Promise<DeviceEvent[]> {
  return database
    .select({
      id: deviceEvents.id,
      deviceId: deviceEvents.deviceId,
      atMs: deviceEvents.atMs,
      code: deviceEvents.code,
      message: deviceEvents.message,
    })
    .from(deviceEvents)
    .where(and(eq(deviceEvents.scope, scope.id), eq(deviceEvents.deviceId, deviceId)))
    .orderBy(desc(deviceEvents.id))
    .limit(keptEvents);
}
