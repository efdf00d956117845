/** What devices could not keep until it was here: the newest entries of each device. */
import type { Loss } from "@bulkhead/protocol";
import { and, desc, eq } from "drizzle-orm";
import type { StoredLoss } from "../api/index.ts";
import { keepNewest, type Queries, type Scope } from "../database/index.ts";
import { losses } from "../database/schema.ts";

export type LossKind = "telemetry" | "trace";

const keptLosses = 500;

export async function recordLosses(
  database: Queries,
  scope: Scope,
  deviceId: string,
  kind: LossKind,
  lost: readonly Loss[],
): Promise<void> {
  if (lost.length === 0) return;
  const notedAtMs = Date.now();
  await database.insert(losses).values(lost.map((loss) => ({ ...loss, kind, deviceId, scope: scope.id, notedAtMs })));
  await keepNewest(database, losses, scope, deviceId, keptLosses);
}

/** Newest first. */
export async function readLosses(
  database: Queries,
  scope: Scope,
  deviceId: string,
  kind: LossKind,
): Promise<StoredLoss[]> {
  return database
    .select({
      stream: losses.stream,
      count: losses.count,
      fromMs: losses.fromMs,
      toMs: losses.toMs,
      notedAtMs: losses.notedAtMs,
    })
    .from(losses)
    .where(and(eq(losses.scope, scope.id), eq(losses.deviceId, deviceId), eq(losses.kind, kind)))
    .orderBy(desc(losses.id))
    .limit(keptLosses);
}

/** In words, for a person: `12 samples of climate.temperature between … and …`. */
export function describeLosses(kind: LossKind, lost: readonly Loss[]): string {
  const [first, ...others] = lost;
  if (!first) return "nothing was lost";
  const things = kind === "telemetry" ? "samples" : "trace entries";
  const { stream, count, fromMs, toMs } = first;
  const when = fromMs === null || toMs === null ? "" : ` between ${isoTime(fromMs)} and ${isoTime(toMs)}`;
  const more = others.length === 0 ? "" : `, and more of ${others.length} others`;
  return `${count} ${things} of ${stream === "" ? "streams that nobody can name" : stream}${when}${more}`;
}

const isoTime = (atMs: number): string => new Date(atMs).toISOString();
