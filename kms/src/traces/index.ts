/**
 * What devices recorded while nobody looked, and forwarded: pieces of the traces of their components, each once, bounded
 * per device and over all devices. The oldest go first.
 */
import type { Loss, TraceSegment } from "@bulkhead/protocol";
import { and, asc, eq, inArray, sql } from "drizzle-orm";
import type { KmsConfig } from "../config.ts";
import type { Database, Queries, Scope } from "../database/index.ts";
import { traceSegments } from "../database/schema.ts";
import { recordLosses } from "../losses/index.ts";

type Bounds = KmsConfig["keep"];
export type Traces = {
  /** Resolves when they are stored; answers the losses that are new. */
  append(deviceId: string, segments: readonly TraceSegment[], lost: readonly Loss[]): Promise<readonly Loss[]>;
  /** Keeps to the bound over all devices. */
  sweep(): Promise<void>;
};

/** A row is worth so much at least: pieces of one entry must not make any number of rows. */
const leastBytes = 1024;

export function openTraces(database: Database, scope: Scope, bounds: Bounds): Traces {
  return {
    append: (deviceId, segments, lost) =>
      database.transaction(async (transaction) => {
        const [first] = segments;
        if (!first) return [];
        const rows = segments.map((segment) => ({
          ...segment,
          deviceId,
          scope: scope.id,
          sizeBytes: Math.max(leastBytes, JSON.stringify(segment.entries).length),
        }));
        const stored = await transaction
          .insert(traceSegments)
          .values(rows)
          .onConflictDoNothing()
          .returning({ component: traceSegments.component, ring: traceSegments.ring, first: traceSegments.first });
        await trim(transaction, scope, bounds.traceBytesPerDevice, deviceId);
        const isNew = stored.some(
          (one) => one.component === first.component && one.ring === first.ring && one.first === first.first,
        );
        if (!isNew) return [];
        await recordLosses(transaction, scope, deviceId, "trace", lost);
        return lost;
      }),
    sweep: () => trim(database, scope, bounds.traceBytes),
  };
}

async function trim(database: Queries, scope: Scope, mostBytes: number, deviceId?: string): Promise<void> {
  const whose = deviceId === undefined ? sql`` : sql` and device_id = ${deviceId}`;
  const beyond = sql`(select id from (
    select id, sum(size_bytes) over (order by id desc) as total from trace_segments where scope = ${scope.id}${whose}
  ) as newest where total > ${mostBytes})`;
  await database.delete(traceSegments).where(and(eq(traceSegments.scope, scope.id), inArray(traceSegments.id, beyond)));
}

/** Oldest first. */
export async function readTraces(
  database: Queries,
  scope: Scope,
  deviceId: string,
  component?: string,
): Promise<TraceSegment[]> {
  const ofComponent = component === undefined ? undefined : eq(traceSegments.component, component);
  return database
    .select({
      component: traceSegments.component,
      boot: traceSegments.boot,
      ring: traceSegments.ring,
      first: traceSegments.first,
      lines: traceSegments.lines,
      atMs: traceSegments.atMs,
      entries: traceSegments.entries,
    })
    .from(traceSegments)
    .where(and(eq(traceSegments.scope, scope.id), eq(traceSegments.deviceId, deviceId), ofComponent))
    .orderBy(asc(traceSegments.id));
}
