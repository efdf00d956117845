/**
 * Console lines of each device: a ring of the newest, each line once. A device sends again what it does not know to have
 * arrived, at worst all that it keeps; the ring here is as long as the one there, so every such line meets itself.
 */
import type { LogLine } from "@bulkhead/protocol";
import { and, asc, desc, eq, gt, sql } from "drizzle-orm";
import type { LogQuery, StoredLogLine } from "../api/index.ts";
import { type Database, keepNewest, type Queries, type Scope, storableText } from "../database/index.ts";
import { devices, logLines } from "../database/schema.ts";

/** At least as many as a device's serial server keeps (runtime/src/serial-server/ring.ts), and what it stores on disk. */
const keptLines = 30_000;

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
    const gap = await gapBefore(transaction, scope, deviceId, lines[0], dropped);
    if (gap.length > 0) await countDropped(transaction, scope, deviceId, dropped);
    const rows = [...gap, ...lines].map((line) => ({
      ...line,
      text: storableText(line.text),
      deviceId,
      scope: scope.id,
    }));
    const stored =
      rows.length === 0 ? [] : await transaction.insert(logLines).values(rows).onConflictDoNothing().returning(visible);
    if (stored.length === 0) return [];
    await keepNewest(transaction, logLines, scope, deviceId, keptLines);
    return stored;
  });
}

/** What was lost as a line of its own, where it was lost. None for a batch that has come before: there it is already. */
async function gapBefore(
  database: Queries,
  scope: Scope,
  deviceId: string,
  first: LogLine | undefined,
  dropped: number,
): Promise<LogLine[]> {
  if (dropped === 0 || !first) return [];
  const own = and(eq(logLines.scope, scope.id), eq(logLines.deviceId, deviceId));
  const known = and(own, eq(logLines.sequence, first.sequence), eq(logLines.atMs, first.atMs));
  if ((await database.select({ id: logLines.id }).from(logLines).where(known).limit(1)).length > 0) return [];
  const [last] = await database
    .select({ atMs: logLines.atMs })
    .from(logLines)
    .where(own)
    .orderBy(desc(logLines.id))
    .limit(1);
  const from = last ? `between ${isoTime(last.atMs)} and` : "before";
  const text = `lost ${dropped} ${dropped === 1 ? "line" : "lines"} ${from} ${isoTime(first.atMs)}`;
  // The number of a line that can come no more.
  return [{ ...first, sequence: Math.max(0, first.sequence - 1), component: gapSource, stream: "runtime", text }];
}

const gapSource = "kms-agent";

const isoTime = (atMs: number): string => new Date(atMs).toISOString();

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
