/**
 * Console lines of each device: a ring of the newest, each line once. A device sends again what it does not know to have
 * arrived, at worst all that it keeps; the ring here is as long as the one there, so every such line meets itself.
 */
import type { LogLine } from "@bulkhead/protocol";
import { and, asc, desc, eq, gt, lte, sql } from "drizzle-orm";
import type { LogQuery, StoredLogLine } from "../api/index.ts";
import { type Database, type Queries, type Scope, storableText } from "../database/index.ts";
import { devices, logLines } from "../database/schema.ts";

/** At least as many as a device's serial server keeps (runtime/src/serial-server/ring.ts). */
const keptLines = 10_000;

/**
 * Stores the lines that are new, in their order, answers them, and lets the oldest go; `dropped` lines before the first
 * were lost on the device.
 */
export async function appendLogs(
  database: Database,
  scope: Scope,
  deviceId: string,
  lines: readonly LogLine[],
  dropped: number,
): Promise<StoredLogLine[]> {
  return database.transaction(async (transaction) => {
    const rows = lines.map((line) => ({ ...line, text: storableText(line.text), deviceId, scope: scope.id }));
    const stored =
      rows.length === 0 ? [] : await transaction.insert(logLines).values(rows).onConflictDoNothing().returning(visible);
    // A batch whose first line is here already has come before, and what was lost before it is counted.
    const isNew = stored[0]?.sequence === lines[0]?.sequence;
    if (dropped > 0 && isNew) await countDropped(transaction, scope, deviceId, dropped);
    if (stored.length === 0) return [];
    const oldest = sql`(select id from log_lines where device_id = ${deviceId} order by id desc offset ${keptLines} limit 1)`;
    await transaction
      .delete(logLines)
      .where(and(eq(logLines.scope, scope.id), eq(logLines.deviceId, deviceId), lte(logLines.id, oldest)));
    return stored;
  });
}

async function countDropped(database: Queries, scope: Scope, deviceId: string, dropped: number): Promise<void> {
  await database
    .update(devices)
    .set({ logsDropped: sql`least(${devices.logsDropped} + ${dropped}, ${Number.MAX_SAFE_INTEGER})` })
    .where(and(eq(devices.scope, scope.id), eq(devices.id, deviceId)));
}

/** Oldest first; without `after` the newest `limit` lines. */
export async function readLogs(
  database: Queries,
  scope: Scope,
  deviceId: string,
  query: LogQuery,
): Promise<StoredLogLine[]> {
  const wanted = and(
    eq(logLines.scope, scope.id),
    eq(logLines.deviceId, deviceId),
    query.component === undefined ? undefined : eq(logLines.component, query.component),
    query.after === undefined ? undefined : gt(logLines.id, query.after),
  );
  const order = query.after === undefined ? desc(logLines.id) : asc(logLines.id);
  const lines = await database.select(visible).from(logLines).where(wanted).orderBy(order).limit(query.limit);
  return query.after === undefined ? lines.reverse() : lines;
}

const visible = {
  id: logLines.id,
  sequence: logLines.sequence,
  atMs: logLines.atMs,
  component: logLines.component,
  stream: logLines.stream,
  text: logLines.text,
};
