/** What devices say about themselves: the last status and manifest of each. */
import type { DeviceStatus, OpeningKey, System } from "@bulkhead/protocol";
import { and, eq } from "drizzle-orm";
import type { Queries, Scope } from "../database/index.ts";
import { devices } from "../database/schema.ts";

export async function saveStatus(database: Queries, scope: Scope, id: string, status: DeviceStatus): Promise<void> {
  await update(database, scope, id, { status, statusAtMs: Date.now(), lastSeenMs: Date.now() });
}

export async function saveManifest(database: Queries, scope: Scope, id: string, system: System): Promise<void> {
  await update(database, scope, id, { system, systemAtMs: Date.now(), lastSeenMs: Date.now() });
}

export async function saveOpening(database: Queries, scope: Scope, id: string, opening: OpeningKey): Promise<void> {
  await update(database, scope, id, { opening });
}

export async function saveLastSeen(database: Queries, scope: Scope, id: string): Promise<void> {
  await update(database, scope, id, { lastSeenMs: Date.now() });
}

/** When the device said that it would come again, and when it is late; null: it is expected always. */
export async function saveRhythm(
  database: Queries,
  scope: Scope,
  id: string,
  rhythm: { nextMs: number; awakeMs: number } | null,
): Promise<void> {
  // A device that names a time a hundred years from now must not get out of sight by that.
  const latestMs = Date.now() + longestSleepMs;
  const expectedAtMs = rhythm && Math.min(rhythm.nextMs, latestMs);
  const overdueAtMs = rhythm && expectedAtMs && Math.min(expectedAtMs + rhythm.awakeMs, latestMs) + graceMs;
  await update(database, scope, id, { expectedAtMs, overdueAtMs, overdueNoted: false });
}

/** Longer than anybody plans a device to be silent. */
const longestSleepMs = 400 * 24 * 3600 * 1000;
/** Clocks that drift while a board sleeps, and a connection that needs some tries. */
const graceMs = 30_000;

type Reports = Partial<typeof devices.$inferInsert>;

async function update(database: Queries, scope: Scope, id: string, reports: Reports): Promise<void> {
  await database
    .update(devices)
    .set(reports)
    .where(and(eq(devices.scope, scope.id), eq(devices.id, id)));
}
