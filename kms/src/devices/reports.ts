/** What devices say about themselves: the last status and manifest of each. */
import type { DeviceStatus, System } from "@bulkhead/protocol";
import { and, eq } from "drizzle-orm";
import type { Queries, Scope } from "../database/index.ts";
import { devices } from "../database/schema.ts";

export async function saveStatus(database: Queries, scope: Scope, id: string, status: DeviceStatus): Promise<void> {
  await update(database, scope, id, { status, statusAtMs: Date.now(), lastSeenMs: Date.now() });
}

export async function saveManifest(database: Queries, scope: Scope, id: string, system: System): Promise<void> {
  await update(database, scope, id, { system, systemAtMs: Date.now(), lastSeenMs: Date.now() });
}

export async function saveLastSeen(database: Queries, scope: Scope, id: string): Promise<void> {
  await update(database, scope, id, { lastSeenMs: Date.now() });
}

type Reports = Partial<typeof devices.$inferInsert>;

async function update(database: Queries, scope: Scope, id: string, reports: Reports): Promise<void> {
  await database
    .update(devices)
    .set(reports)
    .where(and(eq(devices.scope, scope.id), eq(devices.id, id)));
}
